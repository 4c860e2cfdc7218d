"""What a CodeBuild project is deployed with and ministack drops: where its builds log, and a changed key."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Operation = Callable[..., Any]
LOG_GROUP = "logGroup"


def install() -> None:
    """Keep the log group and the encryption key of every project."""
    operations = patches.RESOURCE_HANDLERS.value["AWS::CodeBuild::Project"]
    operations["create"] = _keeping(operations["create"], properties_at=1)
    operations["update"] = _keeping(operations["update"], properties_at=2)


def _keeping(operation: Operation, *, properties_at: int) -> Operation:
    def operation_and_keep(*arguments: Any) -> Any:  # noqa: ANN401 - handed through
        made = operation(*arguments)
        properties, project = arguments[properties_at], patches.CODEBUILD_PROJECTS.value[made[0]]
        logs = properties.get("LogsConfig", {}).get("CloudWatchLogs", {})
        project[LOG_GROUP] = logs.get("GroupName") or f"/aws/codebuild/{project['name']}"
        if key := properties.get("EncryptionKey"):
            project["encryptionKey"] = key
        return made

    return operation_and_keep
