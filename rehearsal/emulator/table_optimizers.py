"""The optimizers of tables in the Data Catalog: kept and refused as AWS does; none of them ever runs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, refusal_of
from rehearsal.emulator.roles import RoleNotAssumableError, assume

Answer = tuple[int, Mapping[str, str], bytes]
Place = tuple[str, ...]
_SETTINGS = {
    "compaction": "compactionConfiguration",
    "retention": "retentionConfiguration",
    "orphan_file_deletion": "orphanFileDeletionConfiguration",
}
_GLUE = "glue.amazonaws.com"


class _RefusedError(Exception):
    """The error that AWS answers with, and its message."""


def install() -> None:
    """Serve the operations that ministack does not know."""
    optimizers = TableOptimizers()
    operations: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
        "CreateTableOptimizer": optimizers.create,
        "DeleteTableOptimizer": optimizers.delete,
        "GetTableOptimizer": optimizers.get,
        "UpdateTableOptimizer": optimizers.update,
    }

    def serve(others: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401 - ministack has no types
        _method, _path, headers, body, _query = given
        operation = operations.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        return _answered(operation, json.loads(body)) if operation else others(*given)

    patches.GLUE_REQUEST.wrap(serve)


def _answered(operation: Callable[[Any], Mapping[str, Any]], request: Mapping[str, Any]) -> Any:  # noqa: ANN401
    try:
        return patches.JSON_RESPONSE.value(operation(request))
    except _RefusedError as refusal:
        return patches.JSON_ERROR.value(*refusal.args, 400)


class TableOptimizers:
    """What was configured, by account, Region, table and type; it ends with the emulator."""

    def __init__(self) -> None:
        self._kept: dict[Place, Mapping[str, Any]] = {}

    def create(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """CreateTableOptimizer."""
        _demand_iceberg(request)
        _demand_role(request)
        if _place(request) in self._kept:
            raise _RefusedError("AlreadyExistsException", f"{request['TableName']} has an optimizer {request['Type']}")
        self._kept[_place(request)] = request["TableOptimizerConfiguration"]
        return {}

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """UpdateTableOptimizer."""
        self.get(request)
        _demand_role(request)
        self._kept[_place(request)] = request["TableOptimizerConfiguration"]
        return {}

    def delete(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """DeleteTableOptimizer."""
        self.get(request)
        del self._kept[_place(request)]
        return {}

    def get(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """GetTableOptimizer."""
        kept = self._kept.get(_place(request))
        if _table(request) is None or kept is None:
            raise _RefusedError("EntityNotFoundException", f"no optimizer {request['Type']} of {request['TableName']}")
        return {
            "CatalogId": request["CatalogId"],
            "DatabaseName": request["DatabaseName"],
            "TableName": request["TableName"],
            "TableOptimizer": {"type": request["Type"], "configuration": kept},
        }


def _place(request: Mapping[str, Any]) -> Place:
    own = str(patches.REQUEST_ACCOUNT.value()), str(patches.REQUEST_REGION.value())
    return (*own, *(request[name] for name in ("CatalogId", "DatabaseName", "TableName", "Type")))


def _table(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if request["CatalogId"] != str(patches.REQUEST_ACCOUNT.value()):
        return None
    found: Mapping[str, Any] | None = patches.GLUE_TABLES.value.get(f"{request['DatabaseName']}/{request['TableName']}")
    return found


def _demand_iceberg(request: Mapping[str, Any]) -> None:
    if request["Type"] not in _SETTINGS:
        raise _RefusedError("ValidationException", f"{request['Type']} is none of {', '.join(_SETTINGS)}")
    table = _table(request)
    if table is None:
        raise _RefusedError("EntityNotFoundException", f"Entity Not Found: {request['TableName']}")
    if (table.get("Parameters") or {}).get("table_type", "").upper() != "ICEBERG":
        raise _RefusedError("InvalidInputException", f"{request['TableName']} is no Iceberg table")


def _demand_role(request: Mapping[str, Any]) -> None:
    """The caller may pass the role to Glue, and Glue may take it."""
    configuration = request["TableOptimizerConfiguration"]
    role = configuration.get("roleArn", "")
    foreign = [name for type_, name in _SETTINGS.items() if type_ != request["Type"] and name in configuration]
    if foreign:
        raise _RefusedError("ValidationException", f"{', '.join(foreign)} of an optimizer {request['Type']}")
    caller = str(patches.CALLER_ARN.value())
    if role and (refusal := refusal_of(caller, Call("iam:PassRole", role, {"iam:PassedToService": _GLUE}))):
        raise _RefusedError("AccessDeniedException", refusal)
    if not role:
        raise _RefusedError("ValidationException", "roleArn is missing")
    try:
        assume(role, service=_GLUE, session_name="optimizer")
    except RoleNotAssumableError as error:
        raise _RefusedError("ValidationException", str(error)) from error
