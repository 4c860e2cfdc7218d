"""Small files are read from storage once; large ones stay there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from odp.native.small_files import once

from tests.unit.odp.native.dms import Files

if TYPE_CHECKING:
    from odp.records import LandedFile


@pytest.fixture
def files() -> Files:
    return Files()


def opened_twice(files: Files, file: LandedFile, most_bytes: int, *others: LandedFile) -> tuple[list[bytes], int]:
    """What each opening gives, and how often the storage was asked."""
    asked: list[LandedFile] = []

    def open_file(file: LandedFile) -> Any:
        asked.append(file)
        return files.open(file)

    open_once = once(open_file, most_bytes)
    for other in others:
        open_once(other).read()
    return [open_once(file).read(), open_once(file).read()], asked.count(file)


def test_each_opening_of_a_small_file_begins_at_its_start(files: Files) -> None:
    file = files.add("20260101-000000001", b"content")
    assert opened_twice(files, replace(file, size=7), 10) == ([b"content", b"content"], 1)


def test_file_for_which_there_is_no_room_is_read_each_time(files: Files) -> None:
    file = replace(files.add("20260101-000000001", b"content"), size=7)
    other = replace(files.add("20260101-000000002", b"more"), size=4)
    assert opened_twice(files, file, 6) == ([b"content", b"content"], 2)
    assert opened_twice(files, file, 10, other) == ([b"content", b"content"], 2)


def test_versions_of_one_object_are_told_apart(files: Files) -> None:
    first = replace(files.add("20260101-000000001", b"old"), version_id="1", size=3)
    open_once = once(files.open, 10)
    assert open_once(first).read() == b"old"
    files.contents[first.key] = b"new"
    assert open_once(replace(first, version_id="2")).read() == b"new"
    assert open_once(first).read() == b"old"


def test_file_that_is_gone_is_missed_as_before(files: Files) -> None:
    file = files.add("20260101-000000001", pa.table({"ID": [1]}))
    files.contents.clear()
    with pytest.raises(FileNotFoundError):
        once(files.open, 10)(file)
