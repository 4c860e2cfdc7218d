"""IAM judges a Data Catalog call by the database or table that it names; ministack takes a database for a table."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.emulator import seams

ResourceOf = Callable[..., str]
_DATABASE_CALLS = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase")


def install() -> None:
    """Name the resource of Data Catalog calls as the service authorization reference does."""
    seams.REQUEST_RESOURCE.replace(_with_catalog_resources)


def _with_catalog_resources(resource_of: ResourceOf) -> ResourceOf:
    def extract_resource_arn(*request: Any) -> str:  # noqa: ANN401 - handed through
        service, _method, _path, headers, body, _query, region, account = request
        if service == "glue":
            operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
            if resource := catalog_resource(operation, json.loads(body or b"{}")):
                return f"arn:aws:glue:{region}:{account}:{resource}"
        return resource_of(*request)

    return extract_resource_arn


def catalog_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Give the database or table of a Data Catalog call; None when the call names neither."""
    if operation in _DATABASE_CALLS:
        return f"database/{request.get('Name') or request.get('DatabaseInput', {}).get('Name')}"
    database = request.get("DatabaseName")
    is_about_table = operation.endswith(("Table", "Partition", "Partitions"))
    table = request.get("TableName") or request.get("Name") or request.get("TableInput", {}).get("Name")
    return f"table/{database}/{table}" if database and table and is_about_table else None
