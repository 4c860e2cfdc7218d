"""How IAM judges calls that ministack judges otherwise: by the resource that a call is about, and by who calls.

A test compares the rights that roles have with the calls that are written down here.
"""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.roles import account_and_name, is_role

PRIMARY = "primary"
"""The workgroup of whoever names none."""
_IN_A_WORKGROUP = ("CreateNamedQuery", "ListNamedQueries", "ListQueryExecutions", "StartQueryExecution")
_CATALOG_FIELDS = {
    "GetDataCatalog": "Name",
    "GetDatabase": "CatalogName",
    "GetTableMetadata": "CatalogName",
    "ListDatabases": "CatalogName",
    "ListTableMetadata": "CatalogName",
}
_DATABASE_CALLS = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase")
_OF_A_STREAM = ("CreateLogStream", "PutLogEvents", "DeleteLogStream", "GetLogEvents")


def install() -> None:
    """Name resources as AWS's service reference does, and judge sessions from other accounts by their own ARN."""
    patches.FOREIGN_BUCKET_ALLOWS.wrap(_foreign_bucket_allows)
    patches.REQUEST_RESOURCE.wrap(_resource)


def record_calls(folder: str) -> None:
    """Write down from now on which actions roles call and IAM allows, unless no folder is named."""
    if folder:
        patches.EVALUATE_IDENTITY.wrap(_Record(Path(folder)).evaluate)


def athena_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Give the workgroup or data catalog of a call; None where there is none, or more than one."""
    if field := _CATALOG_FIELDS.get(operation):
        return f"datacatalog/{request.get(field)}"
    if operation in _IN_A_WORKGROUP:
        return f"workgroup/{request.get('WorkGroup', PRIMARY)}"
    workgroups = {
        *_workgroups(request, "QueryExecutionId", patches.ATHENA_EXECUTIONS.value),
        *_workgroups(request, "NamedQueryId", patches.ATHENA_NAMED_QUERIES.value),
    }
    return f"workgroup/{workgroups.pop()}" if len(workgroups) == 1 else None


def _workgroups(request: dict[str, Any], field: str, known: Mapping[str, Any]) -> set[str]:
    ids = [request[field]] if field in request else request.get(f"{field}s", [])
    return {str(found["WorkGroup"]) for id_ in ids if (found := known.get(id_))}


def catalog_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Give the database or table of a Data Catalog call; ministack takes a database for a table."""
    if operation in _DATABASE_CALLS:
        return f"database/{request.get('Name') or request.get('DatabaseInput', {}).get('Name')}"
    database = request.get("DatabaseName")
    is_about_table = operation.endswith(("Table", "Partition", "Partitions"))
    table = request.get("TableName") or request.get("Name") or request.get("TableInput", {}).get("Name")
    return f"table/{database}/{table}" if database and table and is_about_table else None


def log_stream(operation: str, request: dict[str, Any]) -> str | None:
    """Give the log stream of a call that is about one; ministack judges by its group."""
    if operation not in _OF_A_STREAM:
        return None
    return f"log-group:{request.get('logGroupName')}:log-stream:{request.get('logStreamName')}"


_NAMED: Mapping[str, Callable[[str, dict[str, Any]], str | None]] = {
    "athena": athena_resource,
    "glue": catalog_resource,
    "logs": log_stream,
}
"""By service: gives the last part of the ARN from the operation and what it asks; None leaves it to ministack."""


def _resource(resource_of: Callable[..., str], *request: Any) -> str:  # noqa: ANN401 - ministack has no types
    service, _method, _path, headers, body, _query, region, account = request
    if name := _NAMED.get(service):
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if resource := name(operation, json.loads(body or b"{}")):
            return f"arn:aws:{service}:{region}:{account}:{resource}"
    return resource_of(*request)


def _foreign_bucket_allows(
    allows: Callable[..., bool],
    *bucket_and_request: Any,  # noqa: ANN401 - ministack has no types
) -> bool:
    """A bucket policy that names a role lets it in; ministack takes every foreign caller for its account's root."""
    owner, bucket, key, method, query, caller, *more = bucket_and_request
    headers = more[0] if more else None
    policy = patches.BUCKET_POLICIES.value.get_scoped(owner, None, bucket)
    session = patches.SESSIONS.value.get(patches.CALLER_KEY.value(headers or {}, query) or "")
    if not (policy and session):
        return allows(*bucket_and_request)
    path = f"{bucket}/{key}" if key else bucket
    by_method = "GetObject" if method in ("GET", "HEAD") else "PutObject"
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=session["Arn"],
        principal_type="AssumedRole",
        principal_account=caller or "",
        action=f"s3:{patches.S3_ACTION.value(method, f'/{path}', query) or by_method}",
        resource_arn=f"arn:aws:s3:::{path}",
        region=patches.REQUEST_REGION.value(),
    )
    return bool(patches.EVALUATE_RESOURCE.value(policy, context).decision == "Allow")


class _Record:
    """One line of JSON for each role, action and resource, written once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{uuid4().hex}.jsonl"
        self._seen: set[tuple[str, ...]] = set()
        self._one_at_a_time = threading.Lock()

    def evaluate(self, judge: Callable[..., Any], context: Any, *policies: Any) -> Any:  # noqa: ANN401 - ministack has no types
        """The same judgement, with what it allows to a role written down."""
        result = judge(context, *policies)
        if result.decision == "Allow" and is_role(context.principal_arn):
            self._note(account_and_name(context.principal_arn)[1], context.action, context.resource_arn)
        return result

    def _note(self, *call: str) -> None:
        with self._one_at_a_time:
            if call in self._seen:
                return
            self._seen.add(call)
            line = json.dumps(dict(zip(("role", "action", "resource"), call, strict=True)))
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
