"""Limits the kept malformed rows of a file, before and while they come to the driver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from taxi.conformed import bounds
from taxi.conformed.counts import FileCount
from taxi.conformed.parsing import REASON, TEXT
from taxi.conformed.source_rows import FILE, POSITION, SPLIT
from taxi.records import MalformedRow
from taxi.spark_session import frame_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_BLOCK = 8_192
_LAST_SPLIT, _LAST_BLOCK = "_last_split", "_last_block"
_MOST_BYTES_OF_CHARACTER = 4


def may_exceed(count: FileCount) -> bool:
    """Whether the malformed rows of a file may exceed the kept number."""
    most = 2 * bounds.KEPT_TEXT * _MOST_BYTES_OF_CHARACTER
    return count.malformed > min(bounds.KEPT_ROWS, bounds.KEPT_BYTES // most)


def first_rows(spark: SparkSession, malformed: DataFrame, files: Collection[int]) -> DataFrame:
    """Give the first malformed rows of some files: the kept number, and up to a block more.

    This avoids sorting 50 million rows to keep the first ones.
    """
    if not files:
        return malformed
    block = F.floor(F.col(POSITION) / _BLOCK)
    found = (
        malformed.filter(F.col(FILE).isin(*files)).groupBy(FILE, SPLIT, block).agg(F.count(F.lit(1)), F.sum(_size()))
    )
    blocks: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for file, *of_block in found.collect():
        blocks[file].append((of_block[0], of_block[1], of_block[2], of_block[3]))
    last = (
        {FILE: file, _LAST_SPLIT: split, _LAST_BLOCK: number}
        for file, of_file in blocks.items()
        for split, number in [_last_block(of_file)]
    )
    lasts = frame_of(spark, last, f"{FILE} int, {_LAST_SPLIT} bigint, {_LAST_BLOCK} bigint")
    is_within = (F.col(SPLIT) < F.col(_LAST_SPLIT)) | (
        (F.col(SPLIT) == F.col(_LAST_SPLIT)) & (block <= F.col(_LAST_BLOCK))
    )
    bounded = malformed.join(F.broadcast(lasts), FILE, "left").filter(F.col(_LAST_SPLIT).isNull() | is_within)
    return bounded.select(*malformed.columns)


def kept_of(rows: Iterable[MalformedRow]) -> Iterator[MalformedRow]:
    """Give the kept rows of a file."""
    size = 0
    for number, row in enumerate(rows):
        size += len(row.text.encode(errors="replace")) + len(row.reason.encode(errors="replace"))
        if number and (number >= bounds.KEPT_ROWS or size > bounds.KEPT_BYTES):
            return
        yield row


def _size() -> Column:
    return F.octet_length(TEXT) + F.octet_length(REASON)


def _last_block(blocks: Iterable[tuple[int, int, int, int]]) -> tuple[int, int]:
    rows = size = 0
    last = (0, 0)
    for split, number, of_block, bytes_ in sorted(blocks):
        last = (split, number)
        rows, size = rows + of_block, size + bytes_
        if rows > bounds.KEPT_ROWS or size > bounds.KEPT_BYTES:  # one row is the header, which is not kept
            break
    return last
