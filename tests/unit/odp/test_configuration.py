"""What differs between two configurations, and that entries survive being written as fields."""

import pytest
from odp.configuration import (
    Change,
    ChangeKind,
    Configuration,
    batch_config_of,
    compare,
    fields_of,
    item_of,
    raw_table_config_of,
)
from odp.records import RawTableConfig, RowHistory

from tests.unit.odp.samples import batch_config, table_config

EMPTY = Configuration({}, {})


def configuration(*tables: RawTableConfig, size: int = 5) -> Configuration:
    return Configuration.of([batch_config(refresh_tables_batch_size=size)], tables)


@pytest.mark.parametrize(
    "table",
    [
        table_config(),
        table_config(primary_key=("A", "B"), partition_key="P", is_active=False),
        table_config(history=RowHistory.ALL, hudi_table_type="merge_on_read"),
        table_config(change_sequence=None, column_names="sanitise", on_dropped_column="null"),
        table_config(before_images="written"),
        table_config(primary_key=("QTY ", "a,b", 'he said "x"', "Größe"), partition_key=" P"),
    ],
)
def test_table_survives_being_written_as_fields(table: RawTableConfig) -> None:
    assert raw_table_config_of(fields_of(table)) == table
    assert raw_table_config_of(item_of(table)) == table


def test_stored_entries_carry_the_number_of_their_format() -> None:
    assert (item_of(table_config())["format"], item_of(batch_config())["format"]) == (2, 2)


STORED_BEFORE_FORMAT_2 = {
    "refresh_cadence": "10_min_refresh",
    "source_table_name": "s.t",
    "hudi_primary_key": "ID",
    "hudi_partition_key": "",
    "hudi_precombine_field": "SEQ",
    "hudi_table_type": "copy_on_write",
    "table_data_versioning_type": "S",
    "table_storage_type": "hudi",
    "is_active": "Y",
    "raw_database_name": "db",
    "raw_database_S3_bucket": "odp-dev-123456789012-eu-central-1-raw",
    "raw_table_name": "t",
}


def test_table_that_an_older_release_stored_is_read_with_the_role_of_its_bucket() -> None:
    assert raw_table_config_of(STORED_BEFORE_FORMAT_2) == table_config()


def test_fields_of_a_later_release_are_left_alone() -> None:
    later = {"format": 3, "engine": "auto"}
    assert raw_table_config_of(item_of(table_config()) | later) == table_config()
    assert batch_config_of(item_of(batch_config()) | later) == batch_config()


def test_cadence_survives_being_written_as_fields() -> None:
    assert batch_config_of(fields_of(batch_config())) == batch_config()


def test_same_configuration_has_no_changes() -> None:
    assert compare(configuration(table_config()), configuration(table_config())) == ()


def test_first_configuration_adds_cadences_before_tables() -> None:
    changes = compare(EMPTY, configuration(table_config(), table_config(source_table_name="a.b")))
    assert [(change.name, change.kind.value) for change in changes] == [
        ("10_min_refresh", "added"),
        ("a.b", "added"),
        ("s.t", "added"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, table_config(), ChangeKind.ADDED),
        (table_config(), None, ChangeKind.REMOVED),
        (table_config(), table_config(partition_key="P"), ChangeKind.CHANGED),
        (table_config(), table_config(is_active=False), ChangeKind.DEACTIVATED),
        (table_config(is_active=False), table_config(refresh_cadence="1_day_refresh"), ChangeKind.REACTIVATED),
    ],
)
def test_change_says_what_becomes_of_the_entry(
    before: RawTableConfig | None, after: RawTableConfig | None, kind: ChangeKind
) -> None:
    assert Change("s.t", before, after).kind is kind


def test_change_names_the_fields_that_differ_before_and_after() -> None:
    (change,) = compare(configuration(), configuration(size=3))
    assert (change.name, change.kind) == ("10_min_refresh", ChangeKind.CHANGED)
    assert change.differences == {"refresh_tables_batch_size": (5, 3)}


def test_digest_is_that_of_earlier_releases() -> None:
    """A refused table waits until it differs, so another digest would refresh it once more for nothing."""
    assert table_config().digest == "0d438dc297c2a79f3b7833fde3edc8ca053690801e76199d9c094b0008984e4c"
