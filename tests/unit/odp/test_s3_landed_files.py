"""Landed files are read in the version that was registered, whole or by ranges."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ConnectTimeoutError, HTTPClientError, ReadTimeoutError, ResponseStreamingError
from moto import mock_aws
from odp import s3
from odp.file_processor.apply.source_columns import NamedColumns
from odp.native.dms_rows import DmsRows
from odp.records import FileType, LandedFile
from odp.s3 import S3LandedFiles

from lake.errors import ServiceUnavailableError
from lake.tables.columns import String, column_type
from tests.moto_session import client

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3LandedFiles]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client("s3").create_bucket(Bucket="physical")
        client("s3").put_bucket_versioning(Bucket="physical", VersioningConfiguration={"Status": "Enabled"})
        yield S3LandedFiles({"staging": "physical"})


def landed(content: bytes = CONTENT) -> LandedFile:
    version = client("s3").put_object(Bucket="physical", Key="s/t/f.parquet", Body=content)["VersionId"]
    key = "s/t/f.parquet"
    return LandedFile("s.t", "f", FileType.CHANGES, "s", "t", "staging", key, len(content), "", "", version)


@pytest.fixture(params=[16 << 20, 10], ids=["whole", "ranges"])
def opened_by(request: pytest.FixtureRequest, files: S3LandedFiles, monkeypatch: pytest.MonkeyPatch) -> S3LandedFiles:
    monkeypatch.setattr(s3, "_AT_ONCE", request.param)
    return files


def test_any_part_is_read_at_any_position(opened_by: S3LandedFiles) -> None:
    with opened_by.open(landed()) as file:
        assert file.read(3) == CONTENT[:3]
        assert file.seek(-5, io.SEEK_END) == len(CONTENT) - 5
        assert file.read() == CONTENT[-5:]
        assert file.read(1) == b""
        file.seek(1000)
        file.seek(24, io.SEEK_CUR)
        assert (file.read(8), file.tell()) == (CONTENT[1024:1032], 1032)


def test_version_that_was_registered_is_read_although_the_object_was_replaced(opened_by: S3LandedFiles) -> None:
    file = landed()
    landed(b"another")
    with opened_by.open(file) as opened:
        assert opened.read() == CONTENT


def test_arrow_reads_parquet_by_it(opened_by: S3LandedFiles) -> None:
    buffer = io.BytesIO()
    rows = pa.table({"id": list(range(5000))})
    pq.write_table(rows, buffer, row_group_size=700)
    with opened_by.open(landed(buffer.getvalue())) as opened:
        assert pq.ParquetFile(opened, pre_buffer=True).read() == rows


def test_version_that_is_gone_is_a_missing_file(opened_by: S3LandedFiles) -> None:
    file = landed()
    client("s3").delete_object(Bucket="physical", Key=file.key, VersionId=file.version_id)
    with pytest.raises(FileNotFoundError), opened_by.open(file) as opened:
        opened.read()


def test_other_troubles_of_s3_are_what_they_are(files: S3LandedFiles) -> None:
    with pytest.raises(Exception, match="NoSuchBucket"):
        files.open(replace(landed(), bucket="other"))


@pytest.mark.parametrize("failure", [ReadTimeoutError, ConnectTimeoutError, ResponseStreamingError])
def test_s3_that_does_not_answer_is_no_damaged_file(
    opened_by: S3LandedFiles, monkeypatch: pytest.MonkeyPatch, failure: type[HTTPClientError]
) -> None:
    """Errors of botocore are OSErrors, as pyarrow's are of files that are damaged; those are refused for good."""
    content = io.BytesIO()
    numbers = pa.array([number * 0x9E3779B97F4A7C15 % 2**60 for number in range(300_000)])
    pq.write_table(pa.table({"Op": ["I"] * len(numbers), "ID": numbers}), content)
    file, get_object = landed(content.getvalue()), opened_by._s3.get_object

    def only_the_footer(**request: Any) -> Any:
        start = int(re.findall(r"\d+", request.get("Range", "0"))[0])
        if start < file.size // 2:
            raise failure(endpoint_url="https://s3", error="no answer")
        return get_object(**request)

    monkeypatch.setattr(opened_by._s3, "get_object", only_the_footer)
    with pytest.raises(ServiceUnavailableError, match=r"f\.parquet could not be read"):
        list(dms_rows(file, opened_by))


def dms_rows(file: LandedFile, files: S3LandedFiles) -> Iterator[pa.Table]:
    columns = {"Op": String(), "ID": column_type("bigint")}
    named = NamedColumns(columns, {name: name for name in columns}, {})
    return DmsRows(file, named, columns, ("ID",), files.open).read()
