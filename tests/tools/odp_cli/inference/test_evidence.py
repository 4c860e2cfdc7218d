"""What people see and what programs get is the same evidence, and nothing of it is lost."""

import json
from typing import Any

import pytest
from odp_cli.inference.evidence_document import evidence_document
from odp_cli.inference.evidence_tables import (
    batch_table,
    left_out_table,
    overview_table,
    schema_table,
    table_evidence,
)
from odp_cli.inference.proposal import propose
from odp_cli.inference.quantities import byte_text, counted
from rich.console import Console, RenderableType

from tests.tools.odp_cli.inference.landing import Landing, sequence


@pytest.fixture
def landed(landing: Landing) -> Landing:
    landing.load({"id": range(300), "region": ["eu", "us"] * 150, "AR_H_CHANGE_SEQ": [""] * 300})
    for minute in (0, 5, 10):
        changes = {"Op": ["U"], "id": [1], "region": ["eu"], "AR_H_CHANGE_SEQ": sequence(minute), "email": ["a"]}
        landing.changes(changes, minute=minute)
    landing.load({"label": ["[red]a[/red]", "b", "b"]}, table="labels")
    landing.put("shop/labels/LOAD00000002.parquet", b"damaged")
    landing.put("notes/[bold]read[/bold] me.txt", b"x")
    return landing


def shown(renderable: RenderableType | None) -> str:
    assert renderable is not None
    console = Console(width=240)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_overview_has_a_line_for_each_table_with_its_proposals(landed: Landing) -> None:
    text = shown(overview_table(landed.profiles(), propose(landed.listed().tables)))
    (orders,) = [line for line in text.splitlines() if "shop.orders" in line]
    cells = [cell.strip() for cell in orders.strip("│").split("│")]
    assert cells[:3] == ["shop.orders", "4", "300 + 3"]
    assert cells[4:] == ["id", "unpartitioned", "AR_H_CHANGE_SEQ", "10_min_refresh"]
    assert "not inferred" in text


def test_evidence_of_a_table_tells_reasons_candidates_and_warnings(landed: Landing) -> None:
    text = shown(table_evidence(landed.profile(), propose(landed.listed().tables)))
    for told in (
        "300 rows in 1 file",
        "read: 3 footers and 3 rows",
        "unique and never NULL in 300 of 300 sampled full-load rows",
        "· region: 2 distinct values",
        "not proposed: a partition would hold",
        "values of 35 digits",
        "note: only 3 changes seen",
        "changes arrived every 5 minutes",
    ):
        assert told in text


def test_table_without_changes_says_so(landed: Landing) -> None:
    text = shown(table_evidence(landed.profile("shop.labels"), propose(landed.listed().tables)))
    assert "no file" in text
    assert "no column holds DMS's change sequence" in text
    assert "left out because unreadable: 1 file" in text


def test_schema_tells_types_nulls_and_differences(landed: Landing) -> None:
    lines = shown(schema_table(landed.profile())).splitlines()
    (email,) = [line for line in lines if "email" in line]
    assert [cell.strip() for cell in email.strip("│").split("│")][:4] == ["email", "string", "absent", "0"]
    assert "added: in 3 of 4 files" in email


def test_schema_of_unknown_nulls_and_conflicting_types_is_shown_as_such(landing: Landing) -> None:
    landing.load({"id": [1]}, write_statistics=False)
    landing.load({"id": ["a"]}, part=2, write_statistics=False)
    text = shown(schema_table(landing.profile()))
    assert "conflicting" in text
    assert "unknown" in text


def test_batch_table_tells_each_cadence_and_its_reasons(landed: Landing) -> None:
    text = shown(batch_table(propose(landed.listed().tables)))
    assert "10_min_refresh" in text
    assert "glue_job_worker_type G.1X" in text


def test_everything_left_out_is_shown_literally_with_its_reason(landed: Landing) -> None:
    text = shown(left_out_table(landed.listed(), landed.profiles()))
    assert "notes/[bold]read[/bold] me.txt" in text
    assert "the file name is neither LOAD<8 hex digits>.parquet nor" in text
    assert "shop/labels/LOAD00000002.parquet" in text
    assert "smaller than the minimum file footer" in text


def test_nothing_left_out_needs_no_table(landing: Landing) -> None:
    landing.load({"id": [1]})
    assert left_out_table(landing.listed(), landing.profiles()) is None


def test_document_is_json_and_holds_what_the_tables_show(landed: Landing) -> None:
    document: dict[str, Any] = evidence_document(landed.listed(), landed.profiles(), propose(landed.listed().tables))
    assert json.loads(json.dumps(document)) == document
    labels, orders = document["tables"]
    assert (orders["source_table_name"], orders["primary_key"]["columns"]) == ("shop.orders", ["id"])
    assert orders["partition_key"]["candidates"][0]["objections"]
    assert orders["cadence"]["refresh_cadence"] == "10_min_refresh"
    assert orders["columns"][0]["data_type"] == "int64"
    assert orders["differences"][0]["kind"] == "added"
    assert labels["unreadable"][0]["key"] == "shop/labels/LOAD00000002.parquet"
    assert document["batches"][0]["reasons"]
    assert document["other_objects"][0]["key"] == "notes/[bold]read[/bold] me.txt"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KB"), (128 * 2**20, "128 MB"), (3 * 2**50, "3072 TB")],
)
def test_sizes_are_told_in_the_largest_unit(size: int, text: str) -> None:
    assert byte_text(size) == text


def test_nouns_agree_with_their_numbers() -> None:
    assert [counted(number, "file") for number in (0, 1, 1200)] == ["0 files", "1 file", "1,200 files"]
