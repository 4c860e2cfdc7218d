"""The catalog is synced only if a commit since the one that it shows may have changed what it says."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from lake.tables.change import Proof
from lake.tables.hudi.commits import HudiCommit, catalog_differs, comments

NAMES, OTHER_NAMES = "QTY ", "QTY$"


def comments_of(proof: Proof) -> Mapping[str, str]:
    """The core's own reading of a proof."""
    return {"QTY_": proof["odp.names"]} if "odp.names" in proof else {}


def commit(time: str, names: str = "", *, column: str = "ID", begins_files: bool = False, proves: bool = True) -> Any:
    schema = {"fields": [{"name": column, "type": "int"}]}
    extra = {
        "schema": json.dumps(schema),
        **({"odp.file_ids": "[]"} if proves else {}),
        **({"odp.names": names} if names else {}),
    }
    entries = [SimpleNamespace(getKey=lambda name=name: name, getValue=lambda name=name: extra[name]) for name in extra]
    stats = [SimpleNamespace(getPrevCommit=lambda: "null" if begins_files else "1")]
    counts = dict.fromkeys(
        ("getTotalRecordsDeleted", "fetchTotalInsertRecordsWritten", "fetchTotalUpdateRecordsWritten"), lambda: 0
    )
    metadata = SimpleNamespace(entrySet=lambda: Stats(entries))
    return HudiCommit(
        time,
        SimpleNamespace(
            getMetadata=extra.get, getExtraMetadata=lambda: metadata, getWriteStats=lambda: Stats(stats), **counts
        ),
    )


class Stats(list[Any]):
    """The part of a Java list that the code reads."""

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
def test_catalog_differs_if_columns_names_or_partitions_may(newest: HudiCommit, differs: bool) -> None:
    assert catalog_differs(iter([newest, commit("1", NAMES, begins_files=True)]), "1", comments_of) is differs


def test_catalog_that_shows_a_commit_of_an_earlier_release_gets_the_names_once() -> None:
    earlier, newest = commit("1"), commit("2", NAMES)
    assert catalog_differs(iter([newest, earlier]), "1", comments_of)
    assert not catalog_differs(iter([commit("3", NAMES), newest, earlier]), "2", comments_of)


def test_comments_are_those_of_the_newest_proof() -> None:
    compaction = commit("3", proves=False)
    assert comments([compaction, commit("2", NAMES), commit("1", OTHER_NAMES)], comments_of) == {"QTY_": NAMES}
    assert comments([compaction], comments_of) == {}
    assert comments([commit("1")], comments_of) == {}
    assert (compaction.proof, compaction.change) == ({}, None)
