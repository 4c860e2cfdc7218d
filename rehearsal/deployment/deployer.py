"""Deploys an assembly as the CDK command does: assets first, then each stack by a change set, in dependency order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.deployment.assembly import Assembly, FileAsset, Stack
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.buildspec import packed

# What `cdk bootstrap` leaves behind, as far as a deployment needs it: the assets' bucket and the version parameter.

_NEWEST_VERSION = 30
_OLDEST_REGION = "us-east-1"


def bootstrap(assembly: Assembly, emulator: Emulator) -> None:
    """Make the buckets and parameters that the assembly's stacks expect of a bootstrapped account."""
    for account, region, bucket in {(asset.account, asset.region, asset.bucket) for asset in assembly.assets}:
        s3 = emulator.client("s3", account=account, region=region)
        if bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket, **_location(region))
    for account, region, name in {(made.account, made.region, made.bootstrap_parameter) for made in assembly.stacks}:
        if name:
            ssm = emulator.client("ssm", account=account, region=region)
            ssm.put_parameter(Name=name, Value=str(_NEWEST_VERSION), Type="String", Overwrite=True)


def _location(region: str) -> dict[str, Any]:
    """S3 wants the Region of a new bucket, and takes no name of its oldest Region."""
    return {} if region == _OLDEST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def publish(assembly: Assembly, emulator: Emulator) -> int:
    """Upload the file assets and return how many there are."""
    for asset in assembly.assets:
        s3 = emulator.client("s3", account=asset.account, region=asset.region)
        s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=_content(asset))
    return len(assembly.assets)


def _content(asset: FileAsset) -> bytes:
    if not asset.is_folder:
        return asset.path.read_bytes()
    return packed(asset.path, sorted(path for path in asset.path.rglob("*") if path.is_file()))


# Finds the reason of a failed stack in CloudFormation's events.

Event = dict[str, Any]


def stack_events(cloudformation: Any, stack: str) -> list[Event]:  # noqa: ANN401 - boto3 makes clients at run time
    """The stack's events, the newest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]]


def first_failure(events: Sequence[Event], *, known_before: int = 0) -> Event | None:
    """The first resource that failed: the ones after it failed because of it."""
    new = events[: len(events) - known_before]
    failed = (
        event
        for event in reversed(new)
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack"
    )
    return next(failed, None)


_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_CHANGE_SET = "rehearsal"
_POLL_SECONDS = 0.1
_STACK_SECONDS = 600
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_NEVER_DEPLOYED = ("REVIEW_IN_PROGRESS",)
_TO_BE_REPLACED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@dataclass(frozen=True)
class Progress:
    """One step of a deployment: a stack that is created, updated or unchanged, or the published assets."""

    step: str
    subject: str
    count: int
    seconds: float


class DeploymentError(Exception):
    """A stack could not be deployed; names the resource at fault, its type and the reason."""

    def __init__(self, stack: str, *, resource: str, resource_type: str, reason: str) -> None:
        self.stack, self.resource, self.resource_type, self.reason = stack, resource, resource_type, reason
        where = f"{stack}: {resource} ({resource_type})" if resource else stack
        super().__init__(f"{where}: {reason}")


OnProgress = Callable[[Progress], None]


def deploy(assembly: Assembly, emulator: Emulator, on_progress: OnProgress = lambda _: None) -> None:
    """Deploy the assembly's stacks, unmodified; a stack without changes is skipped."""
    started = time.monotonic()
    bootstrap(assembly, emulator)
    on_progress(Progress("published", assembly.folder.name, publish(assembly, emulator), time.monotonic() - started))
    for stack in assembly.stacks:
        started = time.monotonic()
        step, count = _Deployment(stack, emulator).run()
        on_progress(Progress(step, stack.name, count, time.monotonic() - started))


class _Deployment:
    """The deployment of one stack."""

    def __init__(self, stack: Stack, emulator: Emulator) -> None:
        self._stack = stack
        self._url = stack.template_url.replace("s3://", f"{emulator.endpoint}/")
        self._cloudformation = emulator.client("cloudformation", account=stack.account, region=stack.region)

    def run(self) -> tuple[str, int]:
        """Bring the stack to its template; return what was done and the number of its resources."""
        exists = self._status() is not None
        if self._status() in _TO_BE_REPLACED:
            self._delete()
            exists = False
        change_type = "UPDATE" if exists and self._status() not in _NEVER_DEPLOYED else "CREATE"
        if not self._prepare(change_type):
            return "unchanged", self._resource_count()
        before = len(self._events())
        self._cloudformation.execute_change_set(StackName=self._stack.name, ChangeSetName=_CHANGE_SET)
        status = self._settled_status()
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise self._failure(status, before)
        return {"CREATE": "created", "UPDATE": "updated"}[change_type], self._resource_count()

    def _prepare(self, change_type: str) -> bool:
        """Make the change set; False if it would change nothing."""
        name = {"StackName": self._stack.name, "ChangeSetName": _CHANGE_SET}
        try:
            if change_type == "UPDATE":
                self._cloudformation.delete_change_set(**name)  # an executed one keeps its name
            self._cloudformation.create_change_set(
                **name, ChangeSetType=change_type, TemplateURL=self._url, Capabilities=_CAPABILITIES,
                Tags=[{"Key": key, "Value": value} for key, value in self._stack.tags.items()],
            )  # fmt: skip
        except ClientError as error:
            raise self._error(error.response["Error"]["Message"]) from error
        change_set = self._until(lambda: self._cloudformation.describe_change_set(**name), "Status")
        if change_set["Status"] == "CREATE_COMPLETE":
            return True
        self._cloudformation.delete_change_set(**name)
        reason = change_set.get("StatusReason", "")
        if any(phrase in reason for phrase in NO_CHANGES):
            return False
        raise self._error(f"the change set failed: {reason}")

    def _delete(self) -> None:
        self._cloudformation.delete_stack(StackName=self._stack.name)
        if self._settled_status() not in (None, "DELETE_COMPLETE"):
            raise self._error("the remains of a failed creation cannot be deleted")

    def _status(self) -> str | None:
        try:
            return str(self._described()["StackStatus"])
        except ClientError:
            return None

    def _described(self) -> dict[str, Any]:
        stacks: list[dict[str, Any]] = self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"]
        return stacks[0]

    def _settled_status(self) -> str | None:
        self._until(lambda: {"StackStatus": self._status()}, "StackStatus")
        return self._status()

    def _until(self, describe: Callable[[], dict[str, Any]], field: str) -> dict[str, Any]:
        """Describe until the status is final."""
        deadline = time.monotonic() + _STACK_SECONDS
        while (found := describe())[field] is not None and str(found[field]).endswith(("IN_PROGRESS", "PENDING")):
            if time.monotonic() > deadline:
                raise self._error(f"still {found[field]} after {_STACK_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        return found

    def _resource_count(self) -> int:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self._stack.name)
        return sum(len(page["StackResourceSummaries"]) for page in pages)

    def _events(self) -> list[dict[str, Any]]:
        return stack_events(self._cloudformation, self._stack.name)

    def _failure(self, status: str | None, events_before: int) -> DeploymentError:
        """Name the first resource that failed."""
        if event := first_failure(self._events(), known_before=events_before):
            reason = event.get("ResourceStatusReason") or f"the stack ended as {status}"
            return self._error(reason, event["LogicalResourceId"], event["ResourceType"])
        reason = self._described().get("StackStatusReason") if status else None
        return self._error(reason or f"the stack ended as {status}")

    def _error(self, reason: str, resource: str = "", resource_type: str = "") -> DeploymentError:
        return DeploymentError(self._stack.name, resource=resource, resource_type=resource_type, reason=reason)
