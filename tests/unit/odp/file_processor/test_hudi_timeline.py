"""The catalog is synced only if a commit since the one that it shows may have changed what it says."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from odp.file_processor.table_writers.hudi_commit_metadata import (
    CONTENT,
    FILE_IDS,
    STATE,
    TableContent,
    content_metadata,
)
from odp.file_processor.table_writers.hudi_timeline import Commit, catalog_differs, source_names

NAMES = (("QTY_", "QTY "),)
OTHER_NAMES = (("QTY_", "QTY$"),)


def commit(
    time: str, names: tuple[tuple[str, str], ...] | None = (), *, column: str = "ID", begins_files: bool = False
) -> Any:
    schema = {"fields": [{"name": column, "type": "int"}]}
    extra = {
        "schema": json.dumps(schema),
        FILE_IDS: "[]",
        STATE: "{}",
        **content_metadata(TableContent("", "", "", names)),
    }
    stats = [SimpleNamespace(getPrevCommit=lambda: "null" if begins_files else "1")]
    counts = dict.fromkeys(
        ("getTotalRecordsDeleted", "fetchTotalInsertRecordsWritten", "fetchTotalUpdateRecordsWritten"), lambda: 0
    )
    return Commit(time, SimpleNamespace(getMetadata=extra.get, getWriteStats=lambda: Stats(stats), **counts))


class Stats(list[Any]):
    """A Java list, as far as it is read."""

    def toArray(self) -> list[Any]:  # noqa: N802 - Java's name
        return self


@pytest.mark.parametrize(
    ("newest", "differs"),
    [
        (commit("2", NAMES), False),
        (commit("2", OTHER_NAMES), True),
        (commit("2", NAMES, column="V"), True),
        (commit("2", NAMES, begins_files=True), True),
    ],
)
def test_catalog_differs_if_columns_names_or_partitions_may(newest: Commit, differs: bool) -> None:
    assert catalog_differs(iter([newest, commit("1", NAMES, begins_files=True)]), "1") is differs


def test_catalog_that_shows_a_commit_of_an_earlier_release_gets_the_names_once() -> None:
    earlier = commit("1")
    del earlier.metadata.getMetadata.__self__[CONTENT]
    newest = commit("2", NAMES)
    assert catalog_differs(iter([newest, earlier]), "1")
    assert not catalog_differs(iter([commit("3", NAMES), newest, earlier]), "2")


def test_newest_refresh_tells_the_sources_names() -> None:
    compaction = commit("3")
    del compaction.metadata.getMetadata.__self__[FILE_IDS]
    assert source_names([compaction, commit("2", NAMES), commit("1", OTHER_NAMES)]) == dict(NAMES)
    assert source_names([compaction]) == {}
    assert source_names([commit("1", None)]) == {}
