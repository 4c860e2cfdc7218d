"""Athena works with the rights of whoever asks, and reads the current state of Iceberg and Hudi tables.

Ministack asks nobody, lets a client override its workgroup, and would read every data file that was ever written.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from hudi import HudiTableBuilder
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO
from pyiceberg.table import StaticTable
from pyiceberg.typedef import Properties
from pyiceberg.types import NestedField, TimestamptzType

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.iam import PRIMARY

Relation = Callable[[dict[str, Any], list[str]], str]
_COPIES = "copies-of"
_TIMELINE = ".hoodie/"
_COPIED_TO = "ministack-athena-"
_START = "athena:StartQueryExecution"
_SERVICE = "athena.amazonaws.com"
_caller: ContextVar[tuple[Any, ...]] = ContextVar("caller of Athena", default=())
"""What IAM allowed the start of the query that is worked on; empty for an account's root, who may do everything."""
_is_athena: ContextVar[bool] = ContextVar("called via Athena", default=False)


def install() -> None:
    """Read current states, remember who starts a query, and judge by their rights what Athena does for them."""
    patches.ATHENA_TABLE_RELATION.wrap(_iceberg)
    patches.ATHENA_TABLE_RELATION.wrap(_hudi)
    patches.CONDITION_KEY.wrap(_resolve)
    patches.EVALUATE_IDENTITY.wrap(_evaluate_and_remember)
    patches.ATHENA_START.wrap(_start)
    patches.ATHENA_RUN_DDL.wrap(_run_ddl)
    patches.ATHENA_TABLE_RELATION.wrap(_read)
    patches.ATHENA_EMPTY_RELATION.wrap(_read)


def _resolve(resolve: Callable[[str, Any], Any], key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
    if key.lower() == "aws:calledvia":
        return [_SERVICE] if _is_athena.get() else None
    return resolve(key, context)


def _evaluate_and_remember(evaluate: Callable[..., Any], context: Any, *policies: Any) -> Any:  # noqa: ANN401 - ministack has no types
    result = evaluate(context, *policies)
    if context.action == _START and result.decision == "Allow":
        _caller.set((context, *policies))
    return result


def _start(start: Callable[[dict[str, Any]], Any], request: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack has no types
    """The query's own task copies who asks; the next request of the connection may be another's."""
    try:
        given = _as_the_workgroup_wants(request)
        location = given.get("ResultConfiguration", {}).get("OutputLocation")
        if location and (refusal := _refusal_of_results(location)):
            return patches.ATHENA_ERROR.value("InvalidRequestException", refusal, 400)
        return start(given)
    finally:
        _caller.set(())


def _as_the_workgroup_wants(request: dict[str, Any]) -> dict[str, Any]:
    """If the workgroup enforces its settings, Athena ignores the client's settings."""
    workgroup = patches.ATHENA_WORKGROUPS.value.get(request.get("WorkGroup", PRIMARY)) or {}
    settings = workgroup.get("Configuration") or {}
    results = settings.get("ResultConfiguration", {})
    if settings.get("EnforceWorkGroupConfiguration") in (True, "true"):
        return {**request, "ResultConfiguration": results}
    return {**request, "ResultConfiguration": {**results, **request.get("ResultConfiguration", {})}}


def _refusal_of_results(location: str) -> str:
    bucket, prefix = _place(location)
    if _may("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}") and _may(
        "s3:PutObject", f"arn:aws:s3:::{bucket}/{prefix}x"
    ):
        return ""
    return f"Unable to verify/create output bucket {bucket}"


def _run_ddl(run: Callable[[Any, str], Any], ddl: Any, database: str) -> Any:  # noqa: ANN401 - ministack has no types
    action = "glue:CreateTable" if hasattr(ddl, "location") else "glue:DeleteTable"
    _demand_on_table(action, ddl.database or database, ddl.table)
    return run(ddl, database)


def _read(relation: Callable[..., str], table: dict[str, Any], *files: Any) -> str:  # noqa: ANN401 - ministack has no types
    _demand_on_table("glue:GetTable", table["DatabaseName"], table["Name"])
    bucket, prefix = _place(table["StorageDescriptor"]["Location"])
    _demand("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    _demand("s3:GetObject", f"arn:aws:s3:::{bucket}/{prefix}x")
    return relation(table, *files)


def _place(location: str) -> tuple[str, str]:
    """Bucket and prefix of a location; what lies there has some name behind the prefix."""
    url = urlparse(location)
    return url.netloc, f"{url.path.strip('/')}/"


def _demand_on_table(action: str, database: str, table: str) -> None:
    account, region = patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()
    _demand(action, f"arn:aws:glue:{region}:{account}:table/{database}/{table}")


def _demand(action: str, resource: str) -> None:
    if not _may(action, resource):
        raise PermissionError(f"Access denied: not authorized to perform {action} on {resource}")


def _may(action: str, resource: str) -> bool:
    """Whether the identity policies of whoever asks allow it; the policies of buckets are not asked here."""
    if not (caller := _caller.get()):
        return True
    context, *policies = caller
    token = _is_athena.set(True)
    try:
        result = patches.EVALUATE_IDENTITY.value(replace(context, action=action, resource_arn=resource), *policies)
    finally:
        _is_athena.reset(token)
    return bool(result.decision == "Allow")


def _iceberg(relation: Relation, table: dict[str, Any], files: list[str]) -> str:
    metadata = table.get("Parameters", {}).get("metadata_location")
    if metadata is None:
        return relation(table, files)
    copies = _local_copies(table["StorageDescriptor"]["Location"], metadata, files)
    live = _live_files(copies)
    return _parquet(copies.table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))


def _hudi(relation: Relation, table: dict[str, Any], files: list[str]) -> str:
    """Read a table's latest file slices."""
    # where ministack has copied the table to
    folder = next(folder for folder in Path(files[0]).parents if folder.name.startswith(_COPIED_TO))
    if not _copy_timeline(table["StorageDescriptor"]["Location"], folder):
        return relation(table, files)
    slices = HudiTableBuilder.from_base_uri(str(folder)).build().get_file_slices()
    live = [str(folder / each.base_file_relative_path()) for each in slices]
    return relation(table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))


@dataclass(frozen=True)
class _Copies:
    """An Iceberg table all of whose files ministack has copied from below `prefix` to `folder`."""

    table: StaticTable
    prefix: str
    folder: str


def _local_copies(location: str, metadata: str, files: list[str]) -> _Copies:
    prefix = location.rstrip("/") + "/"
    relative = metadata.removeprefix(prefix)
    folder = next(file.removesuffix(relative) for file in files if file.endswith(f"/{relative}"))
    properties = {"py-io-impl": f"{__name__}.LocalCopies", f"{_COPIES}.table": prefix, f"{_COPIES}.folder": folder}
    return _Copies(StaticTable.from_metadata(metadata, properties), prefix, folder)


def _live_files(copies: _Copies) -> list[str]:
    """The copies of the current snapshot's data files."""
    if copies.table.current_snapshot() is None:
        return []
    planned = list(copies.table.scan().plan_files())
    if deletes := [task.file.file_path for task in planned if task.delete_files]:
        raise ValueError(f"NOT_SUPPORTED: {deletes[0]} has delete files; write the table with copy-on-write here")
    return [str(Path(copies.folder) / task.file.file_path.removeprefix(copies.prefix)) for task in planned]


def _parquet(table: StaticTable, files: list[str]) -> str:
    listed = ", ".join("'{}'".format(file.replace("'", "''")) for file in files)
    relation = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    quoted = ['"{}"'.format(column.name.replace('"', '""')) for column in table.schema().fields if _is_zoned(column)]
    # Athena's sessions are in UTC; duckdb's are where the machine is, and its driver gives such values to nobody
    in_utc = ", ".join(f"make_timestamp(epoch_us({name})) AS {name}" for name in quoted)
    return f"(SELECT * REPLACE ({in_utc}) FROM {relation})" if quoted else relation  # noqa: S608 - all is quoted


def _is_zoned(column: NestedField) -> bool:
    return isinstance(column.field_type, TimestamptzType)


class LocalCopies(PyArrowFileIO):
    """Opens a table's files where they were copied to: asking S3 would ask the emulator that waits for the answer."""

    def __init__(self, properties: Properties = {}) -> None:  # noqa: B006 - pyiceberg's signature
        super().__init__(properties)
        self._table = str(properties[f"{_COPIES}.table"])
        self._folder = Path(str(properties[f"{_COPIES}.folder"]))

    def new_input(self, location: str) -> PyArrowFile:
        """Open the copy of an object."""
        if urlparse(location).scheme != "s3":
            return super().new_input(location)
        return super().new_input(str(self._folder / location.removeprefix(self._table)))

    def new_output(self, location: str) -> PyArrowFile:
        """Queries write nothing."""
        raise PermissionError(location)


def _copy_timeline(location: str, folder: Path) -> bool:
    """Copy what ministack leaves out because its name begins with a point; False if this is no Hudi table."""
    parsed = urlparse(location)
    prefix = parsed.path.strip("/") + "/"
    keys = [key for key in patches.S3_BUCKETS.value[parsed.netloc]["objects"] if key.startswith(prefix + _TIMELINE)]
    for key in keys:
        data = patches.S3_OBJECT_DATA.value(parsed.netloc, key)
        path = folder / key.removeprefix(prefix)
        if data is not None and not key.endswith("/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return f"{prefix}{_TIMELINE}hoodie.properties" in keys
