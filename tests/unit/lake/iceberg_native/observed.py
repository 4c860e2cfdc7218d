"""A catalog and files whose every call a test sees, and at any of which it may fail, before or after its effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import CommitTableResponse, Table

from lake.tables.iceberg_native.lake_io import LakeIO


class Killed(BaseException):
    """The process ends here: nothing of the product may catch it."""


class Calls:
    """What was called, and what to do at a call."""

    seen: ClassVar[list[str]] = []
    at: ClassVar[Callable[[str], None]] = lambda _: None

    @classmethod
    def happens(cls, what: str) -> None:
        cls.seen.append(what)
        cls.at(what)

    @classmethod
    @contextmanager
    def watched(cls, at: Callable[[str], None] = lambda _: None) -> Iterator[list[str]]:
        cls.seen, cls.at = [], staticmethod(at)
        try:
            yield cls.seen
        finally:
            cls.at = lambda _: None


def failing_at(number: int, failure: BaseException) -> Callable[[str], None]:
    """Raise at the call of this number, counted from 0."""

    def at(what: str) -> None:
        if len(Calls.seen) - 1 == number:
            raise failure

    return at


class ObservedIO(LakeIO):
    """Files of the lake."""

    def new_input(self, location: str) -> Any:
        Calls.happens(f"read {_kind(location)}")
        return super().new_input(location)

    def new_output(self, location: str) -> Any:
        Calls.happens(f"write {_kind(location)}")
        return super().new_output(location)

    def delete(self, location: Any) -> None:
        Calls.happens(f"delete {_kind(str(location))}")
        super().delete(location)


class ObservedCatalog(SqlCatalog):
    """A catalog in a file."""

    def load_table(self, identifier: Any) -> Table:
        Calls.happens("load table")
        return super().load_table(identifier)

    def commit_table(self, table: Table, requirements: Any, updates: Any) -> CommitTableResponse:
        Calls.happens("ask for commit")
        response = super().commit_table(table, requirements, updates)
        Calls.happens("answer of commit")
        return response


def _kind(location: str) -> str:
    name = location.rsplit("/", 1)[-1]
    if "/data/" in location:
        return "data"
    return "metadata" if name.endswith(".json") else "list" if name.startswith("snap-") else "manifest"
