"""What CloudFormation says and does with stacks and their resources, and ministack's does not.

Change sets say values before and after, and become obsolete:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html (BeforeContext, AfterContext),
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ChangeSetSummary.html (OBSOLETE)
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import parameter

Parameters = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Parameters], Answer]
Outputs = tuple[list[Any], dict[str, Any]]
Properties = Mapping[str, Any]
Make = Callable[[], Any]
LOG_GROUP = "logGroup"
"""The field of a CodeBuild project that says where its builds log."""
NAME = "LogGroupName"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SUFFIX_LENGTH = 12
_DAY_SECONDS = 86_400
_OK = 200
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "Metadata", "Condition", "DependsOn")


def install() -> None:
    """Complete change sets, exports and resources, and name log groups by the patterns that policies compare."""
    patches.wrap_type("AWS::CodeBuild::Project", _project)
    patches.wrap_type("AWS::EC2::VPC", _vpc)
    patches.wrap_type("AWS::EC2::VPCEndpoint", _endpoint)
    patches.wrap_type("AWS::Backup::BackupVault", _vault)
    _refer_to_secrets_by_arn(patches.RESOURCE_HANDLERS.value["AWS::SecretsManager::Secret"])
    operations = patches.RESOURCE_HANDLERS.value["AWS::Logs::LogGroup"]
    operations["create"] = _created_log_group(operations["create"])
    operations["update"] = _updated_log_group(operations["update"])
    patches.STACK_OUTPUTS.wrap(_resolve_outputs)
    handlers = patches.STACK_OPERATIONS.value
    handlers["DescribeChangeSet"] = partial(_with_values, handlers["DescribeChangeSet"])
    handlers["UpdateStack"] = partial(_outdating, handlers["UpdateStack"])


def _with_values(describe: Handler, parameters: Parameters) -> Answer:
    status, headers, body = describe(parameters)
    if status != _OK or parameter(parameters, "IncludePropertyValues").lower() != "true":
        return status, headers, body
    text = body.decode()
    for id_, which, context in _contexts(parameters):
        name = f"<LogicalResourceId>{escape(id_)}</LogicalResourceId>"
        value = escape(json.dumps(context), {'"': "&quot;"})
        text = text.replace(name, f"{name}<{which}Context>{value}</{which}Context>")
    return status, headers, text.encode()


def _contexts(parameters: Parameters) -> Iterator[tuple[str, str, Any]]:
    """Each changed resource before and after, with parameters and references resolved where possible."""
    (change_set,) = _change_sets(parameter(parameters, "StackName"), parameter(parameters, "ChangeSetName"))
    stack = patches.STACKS.value.get(change_set["StackName"]) or {}
    resolve = patches.RESOLVED_FOR_DIFFERENCE.value
    of_stack = change_set["StackName"], change_set["StackId"]
    sides = {
        "Before": resolve(stack.get("_template", {}), stack.get("_resolved_params", {}), *of_stack),
        "After": resolve(change_set["_template"], change_set["_resolved_params"], *of_stack),
    }
    for change in change_set["Changes"]:
        id_ = change["ResourceChange"]["LogicalResourceId"]
        for which, side in sides.items():
            if resource := side.get("Resources", {}).get(id_):
                attributes = {name: resource[name] for name in _ATTRIBUTES if name in resource}
                yield id_, which, {"Properties": resource.get("Properties", {}), **attributes}


def _outdating(update: Handler, parameters: Parameters) -> Answer:
    """A change set whose stack was changed otherwise since cannot be executed."""
    answer = update(parameters)
    if answer[0] == _OK:
        for change_set in _change_sets(parameter(parameters, "StackName")):
            if change_set["ExecutionStatus"] == "AVAILABLE":
                change_set["ExecutionStatus"] = "OBSOLETE"
    return answer


def _change_sets(stack: str, name: str = "") -> list[dict[str, Any]]:
    """The change sets of a stack, or the one with a name; accepts names and ARNs."""
    return [
        change_set
        for id_, change_set in patches.CHANGE_SETS.value.items()
        if (id_ == name or stack in (change_set["StackName"], change_set["StackId"]))
        and name in ("", id_, change_set["ChangeSetName"])
    ]


def _resolve_outputs(resolve: Callable[..., Outputs], *arguments: Any) -> Outputs:  # noqa: ANN401 - ministack has no types
    """CloudFormation neither takes out nor changes an export that another stack imports: the stack rolls back.

    Ministack only keeps the stack.
    """
    outputs, exports = resolve(*arguments)
    if refusal := _refusal(exports, stack_id=arguments[-1]):
        raise ValueError(refusal)
    return outputs, exports


def _refusal(exports: Mapping[str, Any], *, stack_id: str) -> str:
    for name, export in patches.EXPORTS.value.items():
        if export["StackId"] != stack_id or exports.get(name, {}).get("Value") == export["Value"]:
            continue
        for other, stack in patches.STACKS.value.items():
            if stack.get("StackStatus") != "DELETE_COMPLETE" and name in patches.IMPORTED_EXPORTS.value(stack, other):
                done = "updated" if name in exports else "deleted"
                return f"Export {name} cannot be {done} as it is in use by {other}"
    return ""


def _project(properties: Properties, make: Make) -> Any:  # noqa: ANN401 - ministack has no types
    """Keep where a project's builds log, and a changed key."""
    made = make()
    project, logs = patches.CODEBUILD_PROJECTS.value[made[0]], properties.get("LogsConfig", {})
    project[LOG_GROUP] = logs.get("CloudWatchLogs", {}).get("GroupName") or f"/aws/codebuild/{project['name']}"
    if key := properties.get("EncryptionKey"):
        project["encryptionKey"] = key
    return made


def _vpc(properties: Properties, make: Make) -> Any:  # noqa: ANN401 - ministack has no types
    """Let Fn::GetAtt find a VPC's CidrBlock, which every interface endpoint of the CDK asks for."""
    physical_id, attributes = make()
    return physical_id, {"CidrBlock": properties["CidrBlock"], **attributes}


def _refer_to_secrets_by_arn(operations: dict[str, Any]) -> None:
    """A Ref to a secret is its ARN, also where the template names the secret; ministack gives the name."""
    create, update, delete = (operations[name] for name in ("create", "update", "delete"))

    def by_arn(made: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        return str(made[1].get("Arn", made[0])), made[1]

    operations["create"] = lambda *given, **named: by_arn(create(*given, **named))
    operations["update"] = lambda id_, *given, **named: by_arn(update(_name_of_secret(id_), *given, **named))
    operations["delete"] = lambda id_, *given, **named: delete(_name_of_secret(id_), *given, **named)


def _name_of_secret(id_: str) -> str:
    """The name in an ARN, which ends with a hyphen and six characters."""
    return id_.partition(":secret:")[2][:-7] if id_.startswith("arn:") else id_


def _endpoint(properties: Properties, make: Make) -> Any:  # noqa: ANN401 - ministack has no types
    """Let Fn::GetAtt find the names of an interface endpoint, each behind the id of its hosted zone."""
    physical_id, attributes = make()
    if properties.get("VpcEndpointType") == "Interface":
        _, _, region, service = str(properties["ServiceName"]).split(".")
        name = f"Z0REHEARSAL:{physical_id}.{service}.{region}.vpce.amazonaws.com"
        attributes = {**attributes, "DnsEntries": [name]}
    return physical_id, attributes


def _vault(properties: Properties, make: Make) -> Any:  # noqa: ANN401 - ministack has no types
    """Let DescribeBackupVault tell how a vault is locked, and from when on for good."""
    made = make()
    vault, lock = patches.BACKUP_VAULTS.value[made[0]], properties.get("LockConfiguration") or {}
    vault["Locked"] = bool(lock)
    vault.update({name: int(lock[name]) for name in ("MinRetentionDays", "MaxRetentionDays") if name in lock})
    if "ChangeableForDays" in lock:
        vault.setdefault("LockDate", time.time() + int(lock["ChangeableForDays"]) * _DAY_SECONDS)
    return made


def made_up_name(stack: str, logical_id: str) -> str:
    """Stack, logical id and what looks like a random end; the same each time, as the place of a resource is."""
    digest = hashlib.sha256(f"{stack}/{logical_id}".encode()).digest()
    return f"{stack}-{logical_id}-{''.join(_LETTERS[byte % 32] for byte in digest[:_SUFFIX_LENGTH])}"


def _created_log_group(create: Callable[..., Any]) -> Callable[..., Any]:
    """Name a log group without a name after its stack, as CloudFormation names all else; ministack makes up a path."""

    def create_log_group(logical_id: str, properties: Properties, stack: str) -> Any:  # noqa: ANN401 - ministack has no types
        name = properties.get(NAME) or made_up_name(stack, logical_id)
        return create(logical_id, {**properties, NAME: name}, stack)

    return create_log_group


def _updated_log_group(update: Callable[..., Any]) -> Callable[..., Any]:
    def update_log_group(physical_id: str, old: Properties, new: Properties, *place: Any) -> Any:  # noqa: ANN401 - ministack has no types
        named = ({**each, NAME: each.get(NAME) or physical_id} for each in (old, new))
        return update(physical_id, *named, *place)

    return update_log_group
