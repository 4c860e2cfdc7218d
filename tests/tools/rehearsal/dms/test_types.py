"""Every type of MariaDB: a load and a change write the same value as the same Parquet type."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.tools.rehearsal.dms.databases import Database, MemorySink

TYPES = """id INT UNSIGNED NOT NULL PRIMARY KEY, t1 TINYINT, t1u TINYINT UNSIGNED, tb BOOLEAN, s2 SMALLINT,
 s2u SMALLINT UNSIGNED, m3 MEDIUMINT, m3u MEDIUMINT UNSIGNED, i4 INT, i4u INT UNSIGNED, b8 BIGINT,
 b8u BIGINT UNSIGNED, f FLOAT, d DOUBLE, de DECIMAL(10,2), de38 DECIMAL(38,10), de5 DECIMAL(5,0),
 de65 DECIMAL(65,30), bi1 BIT(1), bi8 BIT(8), bi64 BIT(64), y YEAR, da DATE, dt DATETIME, dt3 DATETIME(3),
 dt6 DATETIME(6), ti TIMESTAMP NULL, ti6 TIMESTAMP(6) NULL, tm TIME, tm6 TIME(6), ch CHAR(5), vc VARCHAR(20),
 vcl VARCHAR(20) CHARACTER SET latin1, ve VARCHAR(300), tx TEXT, lt LONGTEXT, bn BINARY(4), vb VARBINARY(10),
 bl BLOB, en ENUM('a','b','ü''x'), se SET('x','y','z'), js JSON, uu UUID, i6 INET6, i4a INET4, ge POINT"""
EXTREMES: dict[str, Any] = {
    "t1": -128, "t1u": 255, "tb": 1, "s2": -32768, "s2u": 65535, "m3": -8388608, "m3u": 16777215, "i4": -(2**31),
    "i4u": 2**32 - 1, "b8": -(2**63), "b8u": 2**64 - 1, "f": 1.1, "d": 0.1, "de": "-1.50",
    "de38": "1234567890123456789012345678.0123456789", "de5": "-99999", "de65": "-" + "9" * 35 + "." + "1" * 30,
    "bi1": b"\x01", "bi8": b"\x81", "bi64": b"\x80\0\0\0\0\0\0\x01", "y": 2026, "da": "2026-11-28",
    "dt": "2026-11-28 10:00:00", "dt3": "2026-11-28 10:00:00.123", "dt6": "1969-12-31 23:59:59.999999",
    "ti": "2026-11-28 10:00:00", "ti6": "2026-11-28 10:00:00.123456", "tm": "-838:59:59", "tm6": "-00:00:01.500000",
    "ch": "a ", "vc": "zürich😀", "vcl": "zürich", "ve": "v" * 256, "tx": "t" * 70, "lt": "", "bn": b"\0\x01",
    "vb": b"\xff\0", "bl": b"\0\xfe", "en": "ü'x", "se": "z,x", "js": '{"x": 1}',
    "uu": "123e4567-e89b-12d3-a456-426655440000", "i6": "::1", "i4a": "10.0.0.0",
}  # fmt: skip
ODD: dict[str, Any] = EXTREMES | {
    "y": 0, "f": 3.4028234e38,
    "da": "9999-12-31", "dt3": "9999-12-31 23:59:59.999", "ti6": "1970-01-01 00:00:01.000001",
    "tm": "00:00:00",
    "tm6": "838:59:59.999999", "se": "", "vc": "", "de": "0", "js": "[]", "tb": 7, "bi1": b"\0",
    "bn": b"\x01\0\0\0", "uu": "fbd4a3c6-93ae-4c0e-8bd0-1f1a9d3b7e00", "i6": "::ffff:1.2.3.4", "en": "a",
}  # fmt: skip
OTHER_UUIDS = (
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "00000000-0000-0000-0000-000000000000",
    "2c1d43b8-e6d7-376e-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
)  # fmt: skip
EXPECTED = {
    "Op": pa.string(), "id": pa.uint32(), "t1": pa.int8(), "t1u": pa.uint8(), "tb": pa.int8(), "s2": pa.int16(),
    "s2u": pa.uint16(), "m3": pa.int32(), "m3u": pa.uint32(), "i4": pa.int32(), "i4u": pa.uint32(), "b8": pa.int64(),
    "b8u": pa.uint64(), "f": pa.float64(), "d": pa.float64(), "de": pa.decimal128(10, 2), "de38": pa.decimal128(38, 10),
    "de5": pa.decimal128(5, 0), "de65": pa.string(), "bi1": pa.bool_(), "bi8": pa.binary(), "bi64": pa.binary(),
    "y": pa.int16(), "da": pa.date32(), "dt": pa.timestamp("us"), "dt3": pa.timestamp("us"), "dt6": pa.timestamp("us"),
    "ti": pa.timestamp("us"), "ti6": pa.timestamp("us"), "tm": pa.string(), "tm6": pa.string(), "ch": pa.string(),
    "vc": pa.string(), "vcl": pa.string(), "ve": pa.string(), "tx": pa.string(), "lt": pa.string(), "bn": pa.binary(),
    "vb": pa.binary(), "bl": pa.binary(), "en": pa.string(), "se": pa.string(), "js": pa.string(), "uu": pa.string(),
    "i6": pa.string(), "i4a": pa.string(), "ge": pa.binary(),
}  # fmt: skip


def insert(database: Database, first: int) -> None:
    connection = database.connect()
    rows = [EXTREMES, dict.fromkeys(EXTREMES), ODD, *(EXTREMES | {"uu": uuid} for uuid in OTHER_UUIDS)]
    with connection, connection.cursor() as cursor:
        for number, row in enumerate(rows):
            places = ", ".join(["%s"] * (len(row) + 1))
            statement = f"INSERT INTO every_type (id, {', '.join(row)}, ge) VALUES ({places}, POINT(1, 2))"
            cursor.execute(statement, (first + number, *row.values()))


@pytest.fixture
def files(database: Database, sink: MemorySink) -> MemorySink:
    database.run(f"CREATE TABLE every_type ({TYPES})")
    insert(database, 0)
    replication = database.replication(sink)
    replication.start()
    insert(database, 100)
    replication.step(write=True)
    return sink


def one_of(sink: MemorySink, *, loads: bool) -> pa.Table:
    (key,) = [key for key in sink.files if loads == ("LOAD" in key)]
    return sink.table(key)


def test_types_are_those_of_dmss_guide(files: MemorySink) -> None:
    found = {field.name: field.type for field in one_of(files, loads=True).schema if field.name != "SEQUENCE"}
    assert found == EXPECTED


def test_a_change_has_the_types_and_values_of_a_load(files: MemorySink) -> None:
    loaded, changed = one_of(files, loads=True), one_of(files, loads=False)
    for field in loaded.schema:
        if field.name in ("id", "SEQUENCE"):
            continue
        assert changed.schema.field(field.name).type == field.type, field.name
        assert changed[field.name].to_pylist() == loaded[field.name].to_pylist(), field.name


@pytest.mark.parametrize("loads", [True, False])
def test_values_are_those_that_were_inserted(files: MemorySink, *, loads: bool) -> None:
    first, second, third, *others = one_of(files, loads=loads).to_pylist()
    as_is = ("t1", "t1u", "s2", "s2u", "m3", "m3u", "i4", "i4u", "b8", "b8u", "d", "y", "vc", "vcl", "ve", "tx", "lt")
    for row, given in ((first, EXTREMES), (third, ODD)):
        for name in (*as_is, "vb", "bl", "en", "js", "uu", "i6", "i4a", "tm6", "bi8", "bi64"):
            assert row[name] == given[name], name
        assert (row["de"], row["de38"]) == (Decimal(given["de"]), Decimal(given["de38"]))
        assert row["de65"] == given["de65"]
    assert {name: second[name] for name in EXTREMES} == dict.fromkeys(EXTREMES)
    assert (first["f"], first["bn"], first["ch"], first["tm"]) == (1.100000023841858, b"\0\x01\0\0", "a", "-838:59:59")
    assert (first["se"], third["se"], first["bi1"], third["bi1"], third["tb"]) == ("x,z", "", True, False, 7)
    assert first["dt6"] == dt.datetime(1969, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - as written
    assert third["dt3"] == dt.datetime(9999, 12, 31, 23, 59, 59, 999000)  # noqa: DTZ001
    assert (third["y"], third["da"]) == (0, dt.date(9999, 12, 31))
    assert tuple(row["uu"] for row in others) == OTHER_UUIDS


def test_a_zero_date_that_an_old_server_has_is_null(database: Database, sink: MemorySink) -> None:
    statement = "INSERT INTO dates VALUES (%s, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00')"
    database.run("CREATE TABLE dates (id INT PRIMARY KEY, da DATE, dt DATETIME, ti TIMESTAMP NULL)")
    database.run("SET sql_mode = ''", statement % 1)
    replication = database.replication(sink)
    replication.start()
    database.run("SET sql_mode = ''", statement % 2)
    replication.step(write=True)
    assert [(row["da"], row["dt"], row["ti"]) for row in sink.rows("dates")] == [(None, None, None)] * 2
