"""Every type of PostgreSQL: a load and a change write the same value as the same Parquet type."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from rehearsal.dms.checkpoint import TableStatus
from tests.tools.rehearsal.dms.databases import MemorySink, PostgresDatabase

TYPES: dict[str, tuple[str, pa.DataType]] = {
    "s2": ("SMALLINT", pa.int16()), "i4": ("INTEGER", pa.int32()), "b8": ("BIGINT", pa.int64()),
    "se": ("SERIAL", pa.int32()), "f4": ("REAL", pa.float32()), "f8": ("DOUBLE PRECISION", pa.float64()),
    "n": ("NUMERIC", pa.decimal128(28, 6)), "n10": ("NUMERIC(10,2)", pa.decimal128(10, 2)),
    "n38": ("DECIMAL(38,10)", pa.decimal128(38, 10)), "n39": ("NUMERIC(39,2)", pa.string()),
    "n5": ("NUMERIC(5)", pa.decimal128(5, 0)), "nn": ("NUMERIC(3,-2)", pa.decimal128(5, 0)),
    "ns": ("NUMERIC(2,4)", pa.decimal128(4, 4)), "mo": ("MONEY", pa.decimal128(38, 4)), "bo": ("BOOLEAN", pa.bool_()),
    "ch": ("CHAR(5)", pa.string()), "vc": ("VARCHAR(20)", pa.string()), "vu": ("VARCHAR", pa.string()),
    "tx": ("TEXT", pa.string()), "na": ("NAME", pa.string()), "by": ("BYTEA", pa.binary()), "da": ("DATE", pa.date32()),
    "ts": ("TIMESTAMP", pa.timestamp("us")), "t3": ("TIMESTAMP(3)", pa.timestamp("us")),
    "tz": ("TIMESTAMPTZ", pa.timestamp("us")), "ti": ("TIME", pa.time32("ms")), "tt": ("TIMETZ", pa.time32("ms")),
    "iv": ("INTERVAL", pa.string()), "bi": ("BIT(5)", pa.string()), "bv": ("BIT VARYING(9)", pa.string()),
    "uu": ("UUID", pa.string()), "js": ("JSON", pa.string()), "jb": ("JSONB", pa.string()),
    "ip": ("INET", pa.string()), "ci": ("CIDR", pa.string()), "ma": ("MACADDR", pa.string()),
    "po": ("POINT", pa.string()), "ra": ("INT4RANGE", pa.string()), "ar": ("INTEGER[]", pa.string()),
    "at": ("TEXT[]", pa.string()), "en": ("mood", pa.string()), "dn": ("price", pa.decimal128(8, 3)),
    "co": ("pair", pa.string()), "tv": ("TSVECTOR", pa.string()),
}  # fmt: skip
"""Each column's type in PostgreSQL, and in Parquet; the server was built without XML."""
VALUES: dict[str, tuple[str, Any]] = {
    "s2": ("-32768", -32768), "i4": ("-2147483648", -(2**31)), "b8": ("9223372036854775807", 2**63 - 1),
    "se": ("7", 7), "f4": ("1.1", 1.100000023841858), "f8": ("0.1", 0.1),
    "n": ("0.611111104488373", Decimal("0.611111")), "n10": ("-1.5", Decimal("-1.50")),
    "n38": ("1234567890123456789012345678.0123456789", Decimal("1234567890123456789012345678.0123456789")),
    "n39": ("1234567890123456789012345678901234567.25", "1234567890123456789012345678901234567.25"),
    "n5": ("-99999", Decimal(-99999)), "nn": ("12345", Decimal(12300)), "ns": ("0.0012", Decimal("0.0012")),
    "mo": ("1234567.89", Decimal("1234567.8900")), "bo": ("true", True), "ch": ("a ", "a"),
    "vc": ("zürich😀", "zürich😀"),
    "vu": ("", ""), "tx": ("it's\n\\x 'null'", "it's\n\\x 'null'"), "na": ("name", "name"),
    "by": ("\\x00ff27", b"\0\xff'"), "da": ("9999-12-31", dt.date(9999, 12, 31)),
    "ts": ("1969-12-31 23:59:59.999999", dt.datetime(1969, 12, 31, 23, 59, 59, 999999)),  # noqa: DTZ001 - as written
    "t3": ("2026-11-30 10:00:00.1234", dt.datetime(2026, 11, 30, 10, 0, 0, 123000)),  # noqa: DTZ001
    "tz": ("2026-11-30 10:00:00+02", dt.datetime(2026, 11, 30, 8, 0)),  # noqa: DTZ001
    "ti": ("10:20:30.123456", dt.time(10, 20, 30, 123000)), "tt": ("10:20:30+02", dt.time(10, 20, 30)),
    "iv": ("1 year 2 months 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06"), "bi": ("10101", "10101"),
    "bv": ("", ""), "uu": ("123E4567-e89b-12d3-a456-426655440000", "123e4567-e89b-12d3-a456-426655440000"),
    "js": ('{"x" : 1}', '{"x" : 1}'), "jb": ('{"x" : 1}', '{"x": 1}'),
    "ip": ("10.0.0.1/8", "10.0.0.1/8"), "ci": ("10.0.0.0/8", "10.0.0.0/8"),
    "ma": ("08:00:2b:01:02:03", "08:00:2b:01:02:03"), "po": ("(1,2)", "(1,2)"), "ra": ("[1,5)", "[1,5)"),
    "ar": ("{1,NULL}", "{1,NULL}"), "at": ('{"a b"}', '{"a b"}'), "en": ("happy", "happy"),
    "dn": ("12.5", Decimal("12.500")), "co": ("(1,x)", "(1,x)"), "tv": ("cat mouse", "'cat' 'mouse'"),
}  # fmt: skip
"""What is inserted into each column, and what files have."""


@pytest.fixture
def files(postgres_database: PostgresDatabase, sink: MemorySink) -> MemorySink:
    database = postgres_database
    columns = ", ".join(f"{name} {type_}" for name, (type_, _) in TYPES.items())
    database.run(
        "CREATE TYPE mood AS ENUM ('happy', 'sad')",
        "CREATE DOMAIN price AS NUMERIC(8,3)",
        "CREATE TYPE pair AS (a INT, b TEXT)",
        f"CREATE TABLE every_type (id INT PRIMARY KEY, {columns})",
        "ALTER TABLE every_type ALTER se DROP NOT NULL",
    )

    def insert(number: int) -> None:
        places = ", ".join(f"%s::{type_ if type_ != 'SERIAL' else 'INT'}" for type_, _ in TYPES.values())
        with database.connect() as connection:
            given = [VALUES[name][0] for name in TYPES]
            names = ", ".join(TYPES)
            connection.execute(f"INSERT INTO every_type (id, {names}) VALUES ({number}, {places})", given)
            connection.execute(f"INSERT INTO every_type (id, se) VALUES ({number + 1}, NULL)")

    insert(1)
    replication = database.replication(sink)
    replication.start()
    insert(3)
    replication.step(write=True)
    return sink


def one_of(sink: MemorySink, *, loads: bool) -> pa.Table:
    (key,) = [key for key in sink.files if loads == ("LOAD" in key)]
    return sink.table(key)


@pytest.mark.parametrize("loads", [True, False])
def test_types_are_those_of_dmss_guide(files: MemorySink, *, loads: bool) -> None:
    found = {field.name: field.type for field in one_of(files, loads=loads).schema if field.name in TYPES}
    assert found == {name: type_ for name, (_, type_) in TYPES.items()}


@pytest.mark.parametrize("loads", [True, False])
def test_values_are_those_that_were_inserted(files: MemorySink, *, loads: bool) -> None:
    full, empty = one_of(files, loads=loads).to_pylist()
    assert {name: full[name] for name in TYPES} == {name: expected for name, (_, expected) in VALUES.items()}
    assert {name: empty[name] for name in TYPES} == dict.fromkeys(TYPES)


@pytest.mark.parametrize(
    ("settings", "truth", "text"),
    [
        ({}, "true", "a"),
        ({"MapBooleanAsBoolean": True}, True, "a"),
        ({"MapBooleanAsBoolean": False, "TrimSpaceInChar": False}, "true", "a   "),
    ],
)
def test_the_endpoint_says_how_booleans_and_padded_texts_are_written(
    postgres_database: PostgresDatabase, sink: MemorySink, settings: dict[str, Any], truth: object, text: str
) -> None:
    database = postgres_database
    secret = {name: value for name, value in database.SOURCE["PostgreSqlSettings"].items() if "Secret" in name}
    database.run("CREATE TABLE t (id INT PRIMARY KEY, b BOOLEAN, c CHAR(4))", "INSERT INTO t VALUES (1, true, 'a')")
    source = database.SOURCE | {"PostgreSqlSettings": secret | settings}
    replication = database.replication(sink, source=source)
    replication.start()
    database.run("INSERT INTO t VALUES (2, true, 'a'), (3, false, NULL)")
    replication.step(write=True)
    rows = [(row["b"], row["c"]) for row in sink.rows("/t/")]
    assert rows == [(truth, text), (truth, text), ("false" if truth == "true" else False, None)]


def test_the_end_of_time_is_the_year_9999(postgres_database: PostgresDatabase, sink: MemorySink) -> None:
    database = postgres_database
    database.run("CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP, da DATE)")
    database.run("INSERT INTO t VALUES (1, 'infinity', 'infinity')")
    database.replication(sink).start()
    (row,) = sink.rows("/t/")
    assert (row["at"], row["da"]) == (dt.datetime(9999, 12, 31, 23, 59, 59), dt.date(9999, 12, 31))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("type_", "value"),
    [("NUMERIC", "NaN"), ("NUMERIC", "1e30"), ("NUMERIC(9,2)", "NaN"), ("DATE", "0044-03-15 BC"), ("TIME", "24:00:00")],
)
def test_a_value_that_no_file_can_hold_suspends_the_table(
    postgres_database: PostgresDatabase, sink: MemorySink, type_: str, value: str
) -> None:
    database = postgres_database
    database.run(f"CREATE TABLE t (id INT PRIMARY KEY, v {type_})", f"CREATE TABLE u (id INT PRIMARY KEY, v {type_})")
    database.run(f"INSERT INTO u VALUES (1, '{value}')")
    replication = database.replication(sink)
    replication.start()
    database.run("INSERT INTO t VALUES (1, NULL)", f"INSERT INTO t VALUES (2, '{value}')")
    replication.step(write=True)
    for table in "tu":
        state = replication.checkpoint.tables[f"{database.schema}.{table}"]
        assert state.status == TableStatus.ERROR
        assert re.search(r"column v has .*, which is no .* in Parquet", state.message)
    assert [row["id"] for row in sink.rows("/t/")] == [1]
