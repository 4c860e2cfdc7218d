"""The table optimizers of the Data Catalog, by the Glue API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient

_CALLS = Config(retries={"mode": "standard", "total_max_attempts": 8})


class GlueTableOptimizers:
    """The optimizers of one account's tables; a lake has hundreds, so throttled calls are sent again."""

    def __init__(self, account: str) -> None:
        self._account = account

    @cached_property
    def _glue(self) -> GlueClient:
        return boto3.client("glue", config=_CALLS)

    def found(self, database: str, table: str, type_: str) -> Mapping[str, Any] | None:
        """Return an optimizer's configuration; None if there is none, or no such table."""
        try:
            answer = self._glue.get_table_optimizer(**self._named(database, table, type_))
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return answer["TableOptimizer"]["configuration"]

    def create(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> bool:
        """Create an optimizer, unless it is there already; False if there is no such table."""
        try:
            self._glue.create_table_optimizer(
                **self._named(database, table, type_), TableOptimizerConfiguration=_asked(configuration)
            )
        except self._glue.exceptions.AlreadyExistsException:
            return True
        except self._glue.exceptions.EntityNotFoundException:
            return False
        return True

    def update(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> None:
        """Change an optimizer."""
        self._glue.update_table_optimizer(
            **self._named(database, table, type_), TableOptimizerConfiguration=_asked(configuration)
        )

    def delete(self, database: str, table: str, type_: str) -> None:
        """Delete an optimizer, if it is there."""
        try:
            self._glue.delete_table_optimizer(**self._named(database, table, type_))
        except self._glue.exceptions.EntityNotFoundException:
            return

    def _named(self, database: str, table: str, type_: str) -> Any:  # noqa: ANN401 - a request's fields
        return {"CatalogId": self._account, "DatabaseName": database, "TableName": table, "Type": type_}


def _asked(configuration: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the stubs know the fields, not their values
    return dict(configuration)
