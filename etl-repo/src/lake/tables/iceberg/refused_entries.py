"""Refuses entries of the Data Catalog that someone else made under a table's name; both engines say the same."""

from __future__ import annotations

from typing import NoReturn

from lake.errors import RejectedInputError


def refuse_foreign_entry(qualified_name: str, error: Exception) -> NoReturn:
    """Refuse an entry that is of no Iceberg table.

    Raises:
        RejectedInputError: always.
    """
    message = (
        f"{qualified_name} is in the Data Catalog as something else than an Iceberg table; remove that entry, or "
        "replicate the source table into a new raw_table_name"
    )
    raise RejectedInputError(message) from error


def refuse_without_proof(qualified_name: str) -> NoReturn:
    """Refuse a table of someone else, whose rows the first change would replace.

    Raises:
        RejectedInputError: always.
    """
    message = (
        f"{qualified_name} is an Iceberg table whose commits carry no proof, so this lake did not write it; drop it, "
        "or replicate the source table into a new raw_table_name"
    )
    raise RejectedInputError(message)
