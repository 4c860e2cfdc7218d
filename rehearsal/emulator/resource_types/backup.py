"""AWS Backup: selections, which ministack's CloudFormation does not make, and the locks of vaults, which it drops."""

import time
from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType

_DAY_SECONDS = 86_400


def complete_vault_locks() -> None:
    """Let DescribeBackupVault tell how a vault is locked, and from when on for good."""
    operations = patches.RESOURCE_HANDLERS.value["AWS::Backup::BackupVault"]
    operations["create"] = _with_lock(operations["create"], properties_at=1)
    operations["update"] = _with_lock(operations["update"], properties_at=2)


def _with_lock(operation: Callable[..., Created], *, properties_at: int) -> Callable[..., Created]:
    def operation_with_lock(*arguments: Any) -> Created:  # noqa: ANN401 - handed through
        made = operation(*arguments)
        vault, lock = (
            patches.BACKUP_VAULTS.value[made[0]],
            arguments[properties_at].get("LockConfiguration") or {},
        )
        vault["Locked"] = bool(lock)
        for name in ("MinRetentionDays", "MaxRetentionDays"):
            if name in lock:
                vault[name] = int(lock[name])
        if "ChangeableForDays" in lock:
            vault.setdefault("LockDate", time.time() + int(lock["ChangeableForDays"]) * _DAY_SECONDS)
        return made

    return operation_with_lock


def _create(properties: Properties) -> Created:
    plan = properties["BackupPlanId"]
    selected = properties["BackupSelection"]
    created = account_client("backup").create_backup_selection(BackupPlanId=plan, BackupSelection=selected)
    made = created["SelectionId"]
    return f"{made}_{plan}", {"SelectionId": made, "BackupPlanId": plan, "Id": f"{made}_{plan}"}


def _delete(name: str, _: Properties) -> None:
    selection, plan = name.split("_")
    account_client("backup").delete_backup_selection(BackupPlanId=plan, SelectionId=selection)


TYPES = (ResourceType("AWS::Backup::BackupSelection", _create, _delete),)
