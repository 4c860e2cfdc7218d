"""The framework takes the test's files for files of DMS, and the model agrees with SQL."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.smoke.dms_files import FULL_LOAD, Change, applied, change_file_name, changed, loaded

CHANGES = (Change("U", 1, 50), Change("D", 2, 20), Change("I", 3, 7))


def read(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))


def test_a_load_has_one_row_for_each_key_and_no_operation() -> None:
    rows = read(loaded({1: 10, 2: 20})).to_pylist()
    assert [(row["ID"], row["AMOUNT"], row["QUANTITY"], row["CDC_TIMESTAMP_SEQ"]) for row in rows] == [
        (1, 10, 10, ""),
        (2, 20, 20, ""),
    ]
    assert "Op" not in rows[0]


def test_changes_begin_with_the_operation_and_carry_a_growing_sequence_of_35_digits() -> None:
    table = read(changed(CHANGES))
    sequences = table["CDC_TIMESTAMP_SEQ"].to_pylist()
    assert (table.column_names[0], table["Op"].to_pylist()) == ("Op", ["U", "D", "I"])
    assert all(re.fullmatch(r"\d{35}", sequence) for sequence in sequences)
    assert sorted(set(sequences)) == sequences


def test_the_source_may_have_added_and_dropped_a_column() -> None:
    names = set(read(changed(CHANGES)).column_names)
    assert set(read(changed(CHANGES, with_note=True)).column_names) - names == {"NOTE"}
    assert names - set(read(changed(CHANGES, with_quantity=False)).column_names) == {"QUANTITY"}


def test_the_names_are_those_of_dms() -> None:
    assert re.fullmatch(r"LOAD[0-9A-F]{8}\.parquet", FULL_LOAD)
    names = [change_file_name(number) for number in range(3)]
    assert all(re.fullmatch(r"\d{8}-\d{9}\.parquet", name) for name in names)
    assert len(set(names)) == 3


def test_the_model_applies_changes_in_their_order() -> None:
    assert applied({1: 10, 2: 20}, CHANGES) == {1: 50, 3: 7}
    assert applied({}, (Change("I", 1, 1), Change("U", 1, 2), Change("D", 1, 2), Change("I", 1, 3))) == {1: 3}


def test_no_other_command_pays_for_the_import_of_arrow() -> None:
    code = "import sys, scripts.bootstrap.cli; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
