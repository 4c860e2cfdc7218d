"""Names mark what DMS adds and break ties between keys."""

import pytest
from odp_cli.inference.column_names import NAMEABLE, KeyName, OrderingName, is_metadata, key_name, ordering_name


@pytest.mark.parametrize(
    "name",
    [
        *("Op", "OP", "op", "AR_H_CHANGE_SEQ", "AR_H_OPERATION", "ar_h_timestamp", "CDC_TIMESTAMP_SEQ"),
        *("CDC_OPERATION", "cdc_commit", "dms_timestamp", "_dms_ingested", "commit_ts", "row_change_seq"),
        *("transact_id", "db_commit_timestamp", "stream_position", "_hoodie_commit_time"),
    ],
)
def test_columns_that_dms_adds_are_metadata(name: str) -> None:
    assert is_metadata(name)


@pytest.mark.parametrize("name", ["shop", "operation", "op_code", "timestamp", "created_at", "id", "committee", "seq"])
def test_columns_of_the_source_are_no_metadata(name: str) -> None:
    assert not is_metadata(name)


@pytest.mark.parametrize(
    ("name", "sounds_like"),
    [
        ("AR_H_CHANGE_SEQ", OrderingName.CHANGE_SEQUENCE),
        ("CDC_TIMESTAMP_SEQ", OrderingName.CHANGE_SEQUENCE),
        ("changeSeq", OrderingName.CHANGE_SEQUENCE),
        ("commit_ts", OrderingName.COMMIT_TIME),
        ("commitTimestamp", OrderingName.COMMIT_TIME),
        ("updated_at", OrderingName.OTHER),
    ],
)
def test_names_tell_sequences_from_commit_times(name: str, sounds_like: OrderingName) -> None:
    assert ordering_name(name) is sounds_like


@pytest.mark.parametrize(
    "name", ["id", "ID", "pk", "PK_ID", "pk_order", "order_pk", "uuid", "order_id", "orderId", "ORDERID"]
)
def test_identifier_of_the_table_itself_comes_first(name: str) -> None:
    assert key_name(name, "orders") is KeyName.IDENTIFIER


@pytest.mark.parametrize(
    "name", ["customer_id", "customerId", "line_no", "invoice_number", "id_customer", "country_code"]
)
def test_identifier_of_something_else_comes_second(name: str) -> None:
    assert key_name(name, "orders") is KeyName.REFERENCE


@pytest.mark.parametrize("name", ["name", "created_at", "paid", "valid", "orders", "amount"])
def test_other_names_come_last(name: str) -> None:
    assert key_name(name, "orders") is KeyName.OTHER


@pytest.mark.parametrize("name", ["order id", "1st", "größe", "a-b", "a.b", ""])
def test_manifest_cannot_name_every_column(name: str) -> None:
    assert NAMEABLE.fullmatch(name) is None
