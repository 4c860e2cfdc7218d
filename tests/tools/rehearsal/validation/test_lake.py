import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rehearsal.validation.comparison import compare
from rehearsal.validation.lake import LakeReader, LakeTableError

PROPERTIES = """hoodie.table.name=table_1
hoodie.table.type=COPY_ON_WRITE
hoodie.table.version=6
hoodie.timeline.layout.version=1
hoodie.table.recordkey.fields=PK_ID
hoodie.table.partition.fields=VENDORID
hoodie.table.precombine.field=CDC_TIMESTAMP_SEQ
hoodie.datasource.write.hive_style_partitioning=false
hoodie.datasource.write.drop.partition.columns=false
hoodie.populate.meta.fields=true
hoodie.table.base.file.format=PARQUET
"""
INSTANT = "20210105120102123"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

ROWS = pa.table(
    {
        "PK_ID": pa.array([1, 2, 3, 4], pa.int64()),
        "VENDORID": pa.array([1, 2, None, 2], pa.int64()),
        "TIP": pa.array([0.1, None, float("nan"), -2.5]),
        "FLAG": pa.array(["", None, "N", "é"]),
        "AT": pa.array([datetime(2021, 1, 1, 12, 0, 0, 1, tzinfo=UTC), None] * 2, pa.timestamp("us", "UTC")),
        "CDC_TIMESTAMP_SEQ": pa.array([""] * 4),
        "CDC_OPERATION": pa.array(["INSERT"] * 4),
    }
)


def write_hudi(base: Path, rows: pa.Table) -> None:
    """A copy-on-write table of version 6 with one commit, as Hudi lays it out."""
    (base / ".hoodie").mkdir(parents=True)
    (base / ".hoodie" / "hoodie.properties").write_text(PROPERTIES)
    stats = {}
    vendors = rows["VENDORID"].to_pylist()
    for number, vendor in enumerate(sorted(set(vendors), key=str)):
        partition = NULL_PARTITION if vendor is None else str(vendor)
        part = rows.take([place for place, value in enumerate(vendors) if value == vendor])
        name = f"{number:08d}-0000-0000-0000-000000000000-0_0-1-0_{INSTANT}.parquet"
        meta = {
            "_hoodie_commit_time": [INSTANT] * part.num_rows,
            "_hoodie_commit_seqno": [f"{INSTANT}_0_{row}" for row in range(part.num_rows)],
            "_hoodie_record_key": [str(key) for key in part["PK_ID"].to_pylist()],
            "_hoodie_partition_path": [partition] * part.num_rows,
            "_hoodie_file_name": [name] * part.num_rows,
        }
        (base / partition).mkdir()
        (base / partition / ".hoodie_partition_metadata").write_text(f"commitTime={INSTANT}\npartitionDepth=1\n")
        columns = meta | dict(zip(part.column_names, part.columns, strict=True))
        pq.write_table(pa.table(columns), base / partition / name)
        stats[partition] = [
            {"fileId": name.split("_", maxsplit=1)[0], "path": f"{partition}/{name}", "numWrites": part.num_rows}
        ]
    commit = {"partitionToWriteStats": stats, "operationType": "BULK_INSERT", "extraMetadata": {"schema": avro(rows)}}
    for suffix, content in (("commit.requested", ""), ("inflight", ""), ("commit", json.dumps(commit))):
        (base / ".hoodie" / f"{INSTANT}.{suffix}").write_text(content)


def avro(rows: pa.Table) -> str:
    micros = {"type": "long", "logicalType": "timestamp-micros"}
    names = {pa.int64(): "long", pa.float64(): "double", pa.string(): "string", pa.timestamp("us", "UTC"): micros}
    fields = [{"name": f.name, "type": ["null", names[f.type]], "default": None} for f in rows.schema]
    return json.dumps({"type": "record", "name": "table_1_record", "fields": fields})


def test_a_hudi_table_with_a_null_partition_reads_equal_to_its_rows(tmp_path: Path) -> None:
    write_hudi(tmp_path / "table_1", ROWS)
    lake = LakeReader().read(str(tmp_path / "table_1"))
    source = ROWS.select(["PK_ID", "VENDORID", "TIP", "FLAG", "AT"])
    assert lake.num_rows == 4
    assert compare("table_1", source, lake, ("PK_ID",)).is_identical


def test_a_value_changed_in_the_lake_is_seen_through_the_reader(tmp_path: Path) -> None:
    place = ROWS.schema.get_field_index("VENDORID")
    write_hudi(tmp_path / "table_1", ROWS.set_column(place, "VENDORID", pa.array([1, 2, 2, 2])))
    lake = LakeReader().read(str(tmp_path / "table_1"))
    found = compare("table_1", ROWS.select(["PK_ID", "VENDORID", "TIP", "FLAG", "AT"]), lake, ("PK_ID",))
    assert [(d.key, d.column, d.source, d.lake) for d in found.differences] == [("3", "VENDORID", "NULL", "2")]


def test_an_absent_table_is_an_error_that_names_its_address(tmp_path: Path) -> None:
    with pytest.raises(LakeTableError, match="nowhere holds no Hudi table$"):
        LakeReader().read(str(tmp_path / "nowhere"))


def test_a_table_whose_file_is_gone_is_an_error(tmp_path: Path) -> None:
    write_hudi(tmp_path / "table_1", ROWS)
    next((tmp_path / "table_1" / "1").glob("*.parquet")).write_bytes(b"")
    with pytest.raises(LakeTableError, match="table_1 cannot be read"):
        LakeReader().read(str(tmp_path / "table_1"))


def test_an_endpoint_that_does_not_answer_is_an_error_not_an_empty_table() -> None:
    reader = LakeReader("http://127.0.0.1:9", "222222222222", "secret")
    with pytest.raises(LakeTableError, match="s3://raw/table_1 cannot be read"):
        reader.read("s3://raw/table_1")
