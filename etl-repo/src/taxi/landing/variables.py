"""The environment variables of Landing's functions."""

from __future__ import annotations

from lake.variables import Text, Variables


class LandingSweepVariables(Variables):
    """Where files land and where they are registered."""

    audit_table: Text
    raw_bucket: Text


class LandingVariables(LandingSweepVariables):
    """What is started when files have landed."""

    state_machine_arn: Text
