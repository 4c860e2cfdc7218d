"""Why a role may not do something, link by link; IAM is checked here where the emulator does not check it."""

import re
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.emulator import role_sessions
from rehearsal.emulator.account_clients import root_client
from rehearsal.emulator.role_sessions import RoleSession
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.errors import ActionFailedError

_DENIED = ("AccessDenied", "AccessDeniedException", "403")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
BOOTSTRAP = "bootstrap the account again: python -m scripts.bootstrap target-account ENVIRONMENT"
PIPELINE_STACK = "deploy the stack of the pipeline again: python -m scripts.bootstrap cdk APP deploy STACK"


def account_of(arn: str) -> str:
    """The account that an ARN names."""
    return arn.split(":")[4]


def is_denied(error: ClientError) -> bool:
    """Whether a call failed for want of permission."""
    return error.response["Error"]["Code"] in _DENIED


def service_session(role_arn: str, service: str, name: str) -> RoleSession:
    """Take a role as an AWS service does: only if its trust policy names the service."""
    try:
        return role_sessions.assume(role_arn, service=service, session_name=name)
    except role_sessions.RoleNotAssumableError as error:
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
        """Tell whether the caller's own policies or the role's trust policy broke the chain."""
        if not self._exists(role_arn):
            return f"link trust: there is no role {role_arn}. To mend it: {BOOTSTRAP}"
        if not self.allows(caller, "sts:AssumeRole", role_arn):
            return f"link sts:AssumeRole: {caller} may not assume {role_arn}. To mend it: {PIPELINE_STACK}"
        return (
            f"link trust: the trust policy of {role_arn} does not let {caller} in. To mend it: {BOOTSTRAP}, "
            f"which trusts {account_of(caller)}"
        )

    def why_no_object(self, role_arn: str, action: str, bucket: str) -> str:
        """Tell whether a role's own policies or the bucket's policy refuse an object."""
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
