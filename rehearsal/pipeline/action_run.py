"""One action while it runs: what it is to do, as whom, with which artifacts, and why a role may not do it."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.emulator import roles
from rehearsal.emulator.account_root import root_client
from rehearsal.emulator.roles import RoleSession, account_of, key_refusal
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.definition import Action, ActionFailedError, Definition
from rehearsal.pipeline.records import ActionRecord, ExecutionRecord

# Why a role may not do something, link by link; IAM is checked here where the emulator does not check it.

_DENIED = ("AccessDenied", "AccessDeniedException", "403")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
BOOTSTRAP = "bootstrap the account again: python -m scripts.bootstrap target-account ENVIRONMENT"
PIPELINE_STACK = "deploy the stack of the pipeline again: python -m scripts.bootstrap cdk APP deploy STACK"


def is_denied(error: ClientError) -> bool:
    """Whether a call failed for want of permission."""
    return error.response["Error"]["Code"] in _DENIED


def service_session(role_arn: str, service: str, name: str) -> RoleSession:
    """Take a role as an AWS service does: only if its trust policy names the service."""
    try:
        return roles.assume(role_arn, service=service, session_name=name)
    except roles.RoleNotAssumableError as error:
        raise ActionFailedError(f"link trust: {error}. To mend it: {PIPELINE_STACK}") from error


class Access:
    """What the roles of one deployment account's pipelines may do."""

    def __init__(self, settings: EmulatorSettings, region: str) -> None:
        self._settings, self._region = settings, region

    def client(self, session: RoleSession, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """A client with the rights of a session."""
        return session.client(service, self._settings, self._region)

    def chained(self, session: RoleSession, role_arn: str, *, caller: str, name: str) -> RoleSession:
        """Take a role with the rights of another one, over the wire: trust policy and caller's own must allow it."""
        try:
            found = self.client(session, "sts").assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
        except ClientError as error:
            raise ActionFailedError(self.why_not_assumed(caller, role_arn)) from error
        return RoleSession(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's own policies allow an action; a condition that nobody here can answer counts as no."""
        answer = root_client("iam", account_of(role_arn), self._region).simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=[resource]
        )
        return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")

    def require(self, role_arn: str, action: str, resource: str, *, mend: str) -> None:
        """Refuse what a role's own policies do not allow and the emulator never asks for."""
        if not self.allows(role_arn, action, resource):
            raise ActionFailedError(f"link {action}: {role_arn} may not do that on {resource}. To mend it: {mend}")

    def why_not_assumed(self, caller: str, role_arn: str) -> str:
        """Whether the caller's own policies or the role's trust policy broke the chain."""
        if not self._exists(role_arn):
            return f"link trust: there is no role {role_arn}. To mend it: {BOOTSTRAP}"
        if not self.allows(caller, "sts:AssumeRole", role_arn):
            return f"link sts:AssumeRole: {caller} may not assume {role_arn}. To mend it: {PIPELINE_STACK}"
        return (
            f"link trust: the trust policy of {role_arn} does not let {caller} in. To mend it: {BOOTSTRAP}, "
            f"which trusts {account_of(caller)}"
        )

    def why_no_object(self, role_arn: str, action: str, bucket: str) -> str:
        """Whether a role's own policies or the bucket's policy refuse an object."""
        if not self.allows(role_arn, action, f"arn:aws:s3:::{bucket}/*"):
            return f"link {action}: the policies of {role_arn} do not allow it on {bucket}. To mend it: {BOOTSTRAP}"
        return (
            f"link bucket policy: that of {bucket} does not let {role_arn} in for {action}. "
            f"To mend it: {PIPELINE_STACK}"
        )

    def refused_roles(self, session: RoleSession, caller: str, text: str) -> list[str]:
        """Of the roles that a failed build names in its log, say why those that it cannot take refuse it."""
        named = [role for role in dict.fromkeys(_ROLE.findall(text)) if role != caller]
        return [self.why_not_assumed(caller, role) for role in named if self._is_refused(session, role)]

    def _is_refused(self, session: RoleSession, role_arn: str) -> bool:
        try:
            self.client(session, "sts").assume_role(RoleArn=role_arn, RoleSessionName="why-did-it-fail")
        except ClientError:
            return True
        return False

    def _exists(self, role_arn: str) -> bool:
        iam = root_client("iam", account_of(role_arn), self._region)
        try:
            iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])
        except ClientError:
            return False
        return True


# The artifacts of one execution in the pipeline's bucket, read and written with the rights of whoever acts.

_NAME_LENGTH = 20


@dataclass(frozen=True)
class Actor:
    """A session and the role that it is of."""

    session: RoleSession
    role_arn: str


class ArtifactStore:
    """Where the actions of one execution leave artifacts for each other."""

    def __init__(self, definition: Definition, access: Access) -> None:
        self._definition, self._access = definition, access
        self._keys: dict[str, str] = {}

    def put(self, actor: Actor, name: str, content: bytes) -> str:
        """Write an artifact and give its key in the bucket."""
        key = f"{self._definition.name[:_NAME_LENGTH]}/{name[:_NAME_LENGTH]}/{secrets.token_hex(4)}"
        encryption = {}
        if self._definition.key_arn:
            self._require_key(actor, "kms:GenerateDataKey")
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._definition.key_arn}
        s3 = self._access.client(actor.session, "s3")
        try:
            s3.put_object(Bucket=self._definition.bucket, Key=key, Body=content, **encryption)
        except ClientError as error:
            raise self._explained(error, actor, "s3:PutObject") from error
        self._keys[name] = key
        return key

    def get(self, actor: Actor, name: str) -> bytes:
        """Read an artifact that an earlier action has written."""
        if name not in self._keys:
            raise ActionFailedError(f"no action before this one has made the artifact {name}")
        s3 = self._access.client(actor.session, "s3")
        try:
            content: bytes = s3.get_object(Bucket=self._definition.bucket, Key=self._keys[name])["Body"].read()
        except ClientError as error:
            raise self._explained(error, actor, "s3:GetObject") from error
        if self._definition.key_arn:
            self._require_key(actor, "kms:Decrypt")
        return content

    def _require_key(self, actor: Actor, action: str) -> None:
        """S3 asks KMS for its caller; the emulator does not, so it is done here."""
        if refusal := key_refusal(actor.session, action, str(self._definition.key_arn)):
            raise ActionFailedError(f"link key policy: {refusal}. To mend it: {PIPELINE_STACK}")

    def _explained(self, error: ClientError, actor: Actor, action: str) -> Exception:
        if not is_denied(error):
            return error
        return ActionFailedError(self._access.why_no_object(actor.role_arn, action, self._definition.bucket))


# One action while it runs: what it is to do, as whom, and what it may know of the execution around it.

Variables = dict[str, str]
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class ActionRun:
    """What a provider is given."""

    action: Action
    configuration: Mapping[str, str]
    definition: Definition
    execution: ExecutionRecord
    record: ActionRecord
    actor: Actor
    pipeline: Actor
    """CodePipeline itself, which has no more rights than the pipeline's role."""
    artifacts: ArtifactStore
    access: Access
    settings: EmulatorSettings
    region: str
    folder: Path
    """For logs and whatever else the action leaves."""
    stop_reason: Callable[[], str]
    """Why the action must not go on, empty as long as it may."""

    def go_on(self) -> None:
        """Fail an action whose execution was stopped."""
        if reason := self.stop_reason():
            raise ActionFailedError(reason)

    def required(self, name: str) -> str:
        """A configuration value that the provider cannot do without."""
        if not self.configuration.get(name):
            raise ActionFailedError(f"{self.action.provider}: {name} is missing in the action's configuration")
        return self.configuration[name]


Provider = Callable[[ActionRun], Variables]
