"""IAM judges a Data Catalog call by the database or table that it names; ministack takes a database for a table."""

from typing import Any

_DATABASE_CALLS = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase")


def catalog_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Give the database or table of a Data Catalog call; None when the call names neither."""
    if operation in _DATABASE_CALLS:
        return f"database/{request.get('Name') or request.get('DatabaseInput', {}).get('Name')}"
    database = request.get("DatabaseName")
    is_about_table = operation.endswith(("Table", "Partition", "Partitions"))
    table = request.get("TableName") or request.get("Name") or request.get("TableInput", {}).get("Name")
    return f"table/{database}/{table}" if database and table and is_about_table else None
