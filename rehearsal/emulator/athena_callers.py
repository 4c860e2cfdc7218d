"""Athena works with the rights of whoever asks; ministack asks nobody, and lets a client override its workgroup."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from urllib.parse import urlparse

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.athena_resources import PRIMARY

_START = "athena:StartQueryExecution"
_SERVICE = "athena.amazonaws.com"
_caller: ContextVar[tuple[Any, ...]] = ContextVar("caller of Athena", default=())
"""What IAM allowed the start of the query that is worked on; empty for an account's root, who may do everything."""
_is_athena: ContextVar[bool] = ContextVar("called via Athena", default=False)

Evaluate = Callable[..., Any]
Resolve = Callable[[str, Any], Any]


def install() -> None:
    """Remember who starts a query, and judge by their rights what Athena does for them."""
    patches.CONDITION_KEY.replace(_resolving)
    patches.EVALUATE_IDENTITY.replace(_remembering)
    patches.ATHENA_START.replace(_starting)
    patches.ATHENA_RUN_DDL.replace(_changing)
    patches.ATHENA_TABLE_RELATION.replace(_reading)
    patches.ATHENA_EMPTY_RELATION.replace(_reading)


def _resolving(resolve: Resolve) -> Resolve:
    def resolve_condition_key(key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
        if key.lower() == "aws:calledvia":
            return [_SERVICE] if _is_athena.get() else None
        return resolve(key, context)

    return resolve_condition_key


def _remembering(evaluate: Evaluate) -> Evaluate:
    def evaluate_and_remember(context: Any, *policies: Any) -> Any:  # noqa: ANN401 - ministack has no types
        result = evaluate(context, *policies)
        if context.action == _START and result.decision == "Allow":
            _caller.set((context, *policies))
        return result

    return evaluate_and_remember


def _starting(start: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """The query's own task copies who asks; the next request of the connection may be another's."""

    def start_query_execution(request: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack has no types
        try:
            given = _as_the_workgroup_wants(request)
            location = given.get("ResultConfiguration", {}).get("OutputLocation")
            if location and (refusal := _refusal_of_results(location)):
                return patches.ATHENA_ERROR.value("InvalidRequestException", refusal, 400)
            return start(given)
        finally:
            _caller.set(())

    return start_query_execution


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


def _changing(run: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def run_ddl(ddl: Any, database: str) -> Any:  # noqa: ANN401 - ministack has no types
        action = "glue:CreateTable" if hasattr(ddl, "location") else "glue:DeleteTable"
        _demand_on_table(action, ddl.database or database, ddl.table)
        return run(ddl, database)

    return run_ddl


def _reading(relation: Callable[..., str]) -> Callable[..., str]:
    def of_table(table: dict[str, Any], *files: Any) -> str:  # noqa: ANN401 - handed through
        _demand_on_table("glue:GetTable", table["DatabaseName"], table["Name"])
        bucket, prefix = _place(table["StorageDescriptor"]["Location"])
        _demand("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        _demand("s3:GetObject", f"arn:aws:s3:::{bucket}/{prefix}x")
        return relation(table, *files)

    return of_table


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
