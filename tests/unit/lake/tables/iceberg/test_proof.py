"""A proof comes back as it was written, and no summary grows with the files of its commit."""

import json

import pytest

from lake.errors import RejectedInputError
from lake.tables.change import Proof, WrittenRows
from lake.tables.iceberg.proof import ProofEntries, commit_time_of, proof_entries, read_fence, read_proof
from lake.tables.size import TableSize

SHORT = {"odp.file_ids": '["f1"]', "odp.table_state": '{"é": "\'%s\'"}'}
ROWS = WrittenRows(1, 2, 3, 4)
LONGEST_SUMMARY = 8_000
LONGEST_PROPERTY = 512_000


def proof_of(files: int, key: str = "20260101-{:09}.parquet") -> Proof:
    names = [f"1/{key.format(number)}/{hash((number, key)) % 16**32:032x}" for number in range(files)]
    return {"odp.file_ids": json.dumps(names), "odp.table_state": json.dumps({"load_keys": names})}


def size(entries: dict[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in entries.items())


def test_short_proof_is_readable_in_the_summary() -> None:
    kept = proof_entries(SHORT, ROWS, fence=7)
    assert dict(kept.properties) == {}
    assert {name: kept.summary[name] for name in SHORT} == SHORT
    assert read_proof({"operation": "append", **kept.summary}, {"other": "x"}) == (SHORT, ROWS, None)
    assert read_fence(kept.summary) == 7


TOTALS = {"total-records": "7", "total-files-size": "4096", "total-data-files": "2", "total-position-deletes": "0"}


def test_commit_says_how_large_the_table_is_if_its_engine_kept_all_totals() -> None:
    kept = proof_entries(SHORT, ROWS).summary
    assert read_proof({**TOTALS, **kept}, {}) == (SHORT, ROWS, TableSize(rows=7, bytes=4096, files=2))
    assert read_proof({**TOTALS, "total-records": "many", **kept}, {}) == (SHORT, ROWS, None)


def test_commit_without_a_proof_writes_none_and_none_is_read() -> None:
    assert proof_entries({}, ROWS) == ProofEntries({}, {})
    assert read_proof({"operation": "replace"}, {"odp.long-proof": "of an earlier commit"}) is None


def test_times_of_commits_sort_as_their_numbers_however_many_there_are() -> None:
    numbers = [1, 9, 10, 99, 100, 2**31, 2**63 - 1]
    assert sorted(map(commit_time_of, numbers)) == list(map(commit_time_of, numbers))


@pytest.mark.parametrize(
    "proof",
    [proof_of(100), proof_of(5_000), proof_of(2_000, "k" * 900 + "{:09}"), proof_of(60_000)],
    ids=["hundred files", "thousands of files", "long keys", "more than a property holds"],
)
def test_long_proof_leaves_the_summary_small_whatever_it_names(proof: Proof) -> None:
    kept = proof_entries(proof, ROWS)
    assert size(dict(kept.summary)) < LONGEST_SUMMARY
    assert all(len(value.encode()) < LONGEST_PROPERTY for value in kept.properties.values())
    assert read_proof(kept.summary, {"write.x": "y", **kept.properties}) == (proof, ROWS, None)


def test_properties_of_the_proof_before_go_with_the_next_commit() -> None:
    long = proof_entries(proof_of(60_000), ROWS)
    assert len(long.properties) > 1
    present = {"write.x": "y", **long.properties}
    assert proof_entries(SHORT, ROWS).removed(present) == sorted(long.properties)
    shorter = proof_entries(proof_of(100), ROWS)
    left = {name: value for name, value in present.items() if name not in shorter.removed(present)}
    assert read_proof(shorter.summary, {**left, **shorter.properties}) == (proof_of(100), ROWS, None)


def test_table_that_was_rolled_back_to_a_commit_whose_proof_is_gone_is_refused_with_the_way_out() -> None:
    first, second = proof_entries(proof_of(100), ROWS), proof_entries(proof_of(200), ROWS)
    for properties in (second.properties, {}):
        with pytest.raises(RejectedInputError, match="rolled back to a commit whose proof .* roll it forward again"):
            read_proof(first.summary, properties)
