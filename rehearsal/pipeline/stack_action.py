"""The CloudFormation action: makes and executes a stack's change set as the target account's deploy role."""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.deployment.deployer import NO_CHANGES, first_failure, stack_events
from rehearsal.emulator.roles import account_of, is_granted
from rehearsal.pipeline import buildspec
from rehearsal.pipeline.action_run import BOOTSTRAP, POLL_SECONDS, ActionRun, Variables, service_session
from rehearsal.pipeline.definition import ActionFailedError
from rehearsal.pipeline.registry import needed_actions

_NEVER_DEPLOYED = (None, "REVIEW_IN_PROGRESS")
_DEAD_ENDS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_SUCCEEDED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_KNOWN = {
    *("ActionMode", "StackName", "ChangeSetName", "TemplatePath", "Capabilities", "RoleArn"),
    *("ParameterOverrides", "TemplateConfiguration"),
}
_ACTIONS_SHOWN = 5


def change_stack(run: ActionRun) -> Variables:
    """Make a change set or execute one, as the configuration says."""
    if unknown := sorted(set(run.configuration) - _KNOWN):
        raise ActionFailedError(f"CloudFormation: {', '.join(unknown)} is not rehearsed")
    change = _StackChange(run)
    match run.required("ActionMode"):
        case "CHANGE_SET_REPLACE":
            change.prepare()
            return {}
        case "CHANGE_SET_EXECUTE":
            return change.execute()
        case mode:
            raise ActionFailedError(f"CloudFormation: action mode {mode} is not rehearsed")


class _StackChange:
    """The change of one stack."""

    def __init__(self, run: ActionRun) -> None:
        self._run = run
        self._stack = run.required("StackName")
        self._change_set = {"StackName": self._stack, "ChangeSetName": run.required("ChangeSetName")}
        self._cloudformation = run.access.client(run.actor.session, "cloudformation")
        self._where = f"{account_of(run.actor.role_arn)} {self._stack}"

    def prepare(self) -> None:
        """Replace the change set; one without changes is fine, as on AWS."""
        options = self._options()
        status = self._status()
        if status in _DEAD_ENDS:
            raise ActionFailedError(self._dead_end(str(status)))
        if status is not None:
            self._cloudformation.delete_change_set(**self._change_set)
        kind = "CREATE" if status in _NEVER_DEPLOYED else "UPDATE"
        self._cloudformation.create_change_set(**self._change_set, ChangeSetType=kind, **options)
        made = self._until(self._described_change_set, lambda found: found["Status"] in ("CREATE_COMPLETE", "FAILED"))
        reason = made.get("StatusReason", "")
        if made["Status"] == "FAILED" and not _says_unchanged(reason):
            raise ActionFailedError(f"{self._where}: the change set failed: {reason}")
        changes = [change["ResourceChange"] for change in made.get("Changes", [])]
        self._require_execution_rights(options.get("RoleARN"), {change["ResourceType"] for change in changes})
        self._run.record.summary = f"{self._where}: {len(changes)} changes"

    def execute(self) -> Variables:
        """Execute the change set and wait for its end; the stack's outputs are the action's variables."""
        prepared = self._described_change_set()
        if prepared["Status"] == "FAILED" and _says_unchanged(prepared.get("StatusReason", "")):
            self._run.record.summary = f"{self._where}: unchanged"
            return self._outputs()
        before = len(stack_events(self._cloudformation, self._stack))
        self._cloudformation.execute_change_set(**self._change_set)
        status = str(self._until(self._status, lambda found: not str(found).endswith("IN_PROGRESS")))
        self._run.record.summary = f"{self._where}: {status}"
        if status not in _SUCCEEDED:
            raise ActionFailedError(self._failure(status, before))
        return self._outputs()

    def _options(self) -> dict[str, Any]:
        configuration = self._run.configuration
        content = (
            json.loads(self._artifact_file(configuration["TemplateConfiguration"]))
            if configuration.get("TemplateConfiguration")
            else {}
        )
        parameters = content.get("Parameters", {}) | json.loads(configuration.get("ParameterOverrides") or "{}")
        options: dict[str, Any] = {
            "TemplateURL": self._template_url(),
            "Capabilities": [each for each in configuration.get("Capabilities", "").split(",") if each],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in content.get("Tags", {}).items()],
        }
        return options | self._execution_role()

    def _execution_role(self) -> dict[str, str]:
        """Try both links here, where a failure names what mends it; the emulator only says that it is denied."""
        role = self._run.configuration.get("RoleArn")
        if not role:
            return {}
        self._run.access.require(self._run.actor.role_arn, "iam:PassRole", role, mend=BOOTSTRAP)
        service_session(role, "cloudformation.amazonaws.com", self._stack)
        return {"RoleARN": role}

    def _require_execution_rights(self, role: str | None, types: set[str]) -> None:
        if role is None:
            return
        for type_ in sorted(types):
            missing = sorted(action for action in needed_actions(type_) if not is_granted(role, action))
            if missing:
                raise ActionFailedError(
                    f"link execution policy: {role} may not {', '.join(missing[:_ACTIONS_SHOWN])}, which "
                    f"CloudFormation needs for {type_}. To mend it: allow it in scripts/bootstrap/execution_policy/, "
                    f"then {BOOTSTRAP}"
                )

    def _template_url(self) -> str:
        """Where CloudFormation finds the template, which may be too large for a request."""
        template = self._artifact_file(self._run.required("TemplatePath"))
        key = self._run.artifacts.put(self._run.pipeline, f"template-{self._stack}", template)
        return f"{self._run.settings.endpoint}/{self._run.definition.bucket}/{key}"

    def _artifact_file(self, location: str) -> bytes:
        name, _, path = location.partition("::")
        return buildspec.read_file(self._run.artifacts.get(self._run.actor, name), path, artifact=name)

    def _status(self) -> str | None:
        try:
            return str(self._described()["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def _described(self) -> dict[str, Any]:
        stacks: list[dict[str, Any]] = self._cloudformation.describe_stacks(StackName=self._stack)["Stacks"]
        return stacks[0]

    def _described_change_set(self) -> dict[str, Any]:
        found: dict[str, Any] = self._cloudformation.describe_change_set(**self._change_set)
        return found

    def _until(self, look: Callable[[], Any], is_final: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - what `look` gives
        while not is_final(found := look()):
            self._run.go_on()
            time.sleep(POLL_SECONDS)
        return found

    def _outputs(self) -> Variables:
        return {output["OutputKey"]: output["OutputValue"] for output in self._described().get("Outputs", ())}

    def _failure(self, status: str, before: int) -> str:
        event = first_failure(stack_events(self._cloudformation, self._stack), known_before=before)
        who = f"{event['LogicalResourceId']} ({event['ResourceType']}): " if event else ""
        reason = event.get("ResourceStatusReason", "") if event else self._described().get("StackStatusReason", "")
        mend = f" {self._dead_end(status)}" if status in _DEAD_ENDS else ""
        return f"{self._where} ended as {status}: {who}{reason}{mend}"

    def _dead_end(self, status: str) -> str:
        """CodePipeline, unlike the CDK command, never deletes a stack whose creation failed."""
        return (
            f"{self._where} is in {status}, from which no pipeline brings a stack back: delete it with the target "
            f"account's credentials (aws cloudformation delete-stack --stack-name {self._stack}), then push the mended "
            "code"
        )


def _says_unchanged(reason: str) -> bool:
    return any(phrase in reason for phrase in NO_CHANGES)
