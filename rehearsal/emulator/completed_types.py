"""What ministack's CloudFormation drops, or names otherwise, of the types that it knows."""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Properties = Mapping[str, Any]
Make = Callable[[], Any]
LOG_GROUP = "logGroup"
"""The field of a CodeBuild project that says where its builds log."""
NAME = "LogGroupName"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SUFFIX_LENGTH = 12
_DAY_SECONDS = 86_400


def install() -> None:
    """Complete VPCs, vaults and CodeBuild projects, and name log groups by the patterns that policies compare."""
    patches.wrap_type("AWS::CodeBuild::Project", _project)
    patches.wrap_type("AWS::EC2::VPC", _vpc)
    patches.wrap_type("AWS::Backup::BackupVault", _vault)
    operations = patches.RESOURCE_HANDLERS.value["AWS::Logs::LogGroup"]
    operations["create"] = _created_log_group(operations["create"])
    operations["update"] = _updated_log_group(operations["update"])


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
