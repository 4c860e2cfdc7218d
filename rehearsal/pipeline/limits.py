"""What a rehearsal does not prove; every result shows it."""

from collections.abc import Sequence

_LIMITS = """
CodeBuild's images: builds run on this machine, with its Python, a node as new as the buildspec's or newer, its system
tools and its download caches; no VPC, no quotas, no queue of builds.

The connection: its handshake, webhooks and their delays. The source is the pushed commit without history.

CloudFormation is the emulator's: replacement, rollback, drift and the time that real resources take differ. What it
says of a change set before execution is what its templates and parameters say; the command `aws` of builds is ours.

Rights of the execution role are asked resource by resource, with their conditions, for roles, policies, boundaries,
builds, pipelines, functions, jobs and buckets; for all else action by action, for the types of each change set.

KMS is asked for the pipeline's artifacts only. There are no service control policies, no permissions boundaries of an
organisation, no throttling, and IAM is consistent at once.

Order and states of executions are one reading of AWS's documentation (docs/decisions/0010-rehearsed-pipelines.md);
retries of a stage, rollbacks and conditions are not rehearsed.

Glue starts each run on machines of its own; here a run may get the JVM of one before it, without what that left
(docs/decisions/0015-lent-jvms.md).

E-mail and alarms, and pipelines that deploy into other Regions than their own.
"""
LIMITS = tuple(" ".join(limit.split()) for limit in _LIMITS.strip().split("\n\n"))


def limits(left_out: Sequence[str]) -> tuple[str, ...]:
    """The limits of one rehearsal, the commands that it left out first."""
    checks = (f"Left out in every test build of this rehearsal: {', '.join(left_out)}.",) if left_out else ()
    return (*checks, *LIMITS)
