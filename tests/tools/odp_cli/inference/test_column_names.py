"""Names mark what DMS adds and break ties between keys."""

import pytest
from odp_cli.inference.column_names import NAMEABLE, KeyName, is_metadata, is_named_change_sequence, key_name


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
    ("name", "is_sequence"),
    [
        *((name, True) for name in ("AR_H_CHANGE_SEQ", "CDC_TIMESTAMP_SEQ", "changeSeq", "CHANGE_SEQUENCE", "cdc_seq")),
        *((name, False) for name in ("commit_ts", "commitTimestamp", "updated_at", "SEQ", "order_seq", "version")),
    ],
)
def test_names_tell_change_sequences_from_times_and_from_columns_of_the_source(name: str, is_sequence: bool) -> None:
    assert is_named_change_sequence(name) is is_sequence


@pytest.mark.parametrize(
    "name", ["id", "ID", "pk", "PK_ID", "pk_order", "order_pk", "uuid", "order_id", "orderId", "ORDERID"]
)
def test_identifier_of_the_table_itself_comes_first(name: str) -> None:
    assert key_name(name, "orders") is KeyName.IDENTIFIER


@pytest.mark.parametrize("name", ["RATECODEID", "RateCodeID", "rate_code_id"])
def test_identifier_of_a_table_of_two_words_comes_before_its_other_codes(name: str) -> None:
    assert key_name(name, "rate_codes") is KeyName.IDENTIFIER
    assert key_name("RATE_CODE", "rate_codes") is KeyName.REFERENCE


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
