"""IAM judges a call about a query by the query's workgroup; ministack only where the call itself names one."""

from collections.abc import Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

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
