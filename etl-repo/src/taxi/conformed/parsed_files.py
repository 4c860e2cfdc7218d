"""The files of a bundle, parsed once and kept while they are counted, judged, quarantined and loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from lake.errors import LakeError
from taxi.conformed import bounds
from taxi.conformed.counts import HEADER_LINE, FileCount, SplitCount, count_csv, count_parquet, demand_read_whole
from taxi.conformed.file_layouts import FileWithLayout
from taxi.conformed.parsing import IS_ROW, MALFORMED, REASON, TEXT, parse
from taxi.conformed.source_rows import FILE, FILE_BYTES, PLACE, POSITION, ROW_BYTES, SPLIT
from taxi.datasets.dataset import Dataset, FileFormat
from taxi.errors import SourceFileError
from taxi.records import MalformedRow
from taxi.spark_session import frame_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


# Limits the malformed rows of a file that come to the driver.


_BLOCK = 8_192
_LAST_SPLIT, _LAST_BLOCK = "_last_split", "_last_block"
_MOST_BYTES_OF_CHARACTER = 4


def may_exceed(count: FileCount) -> bool:
    """Whether the malformed rows of a file may exceed the kept number."""
    most = 2 * bounds.KEPT_TEXT * _MOST_BYTES_OF_CHARACTER
    return count.malformed > min(bounds.KEPT_ROWS, bounds.KEPT_BYTES // most)


def first_rows(spark: SparkSession, malformed: DataFrame, files: Collection[int]) -> DataFrame:
    """Return the first malformed rows of some files: the kept number, and up to a block more.

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
    """Return the kept rows of a file."""
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


# The files of a bundle, parsed once.


class ParsedFiles:
    """Parsed files of one dataset, of any layouts; `counts` has the counts of each, by file id.

    `refused` has the reasons of files that exceed a bound.
    """

    def __init__(self, spark: SparkSession, dataset: Dataset, files: Sequence[FileWithLayout]) -> None:
        self._spark = spark
        self._dataset = dataset
        self._files = files
        self._frame = self._parsed().persist(StorageLevel.MEMORY_AND_DISK)
        try:
            self.refused: dict[str, str] = {}
            self.counts: Mapping[str, FileCount] = self._judged(self._counted())
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release the cached rows."""
        self._frame.unpersist()

    def rows(self, file_ids: Collection[str]) -> DataFrame:
        """Return the well-formed rows of some files: conformed values, and the key and version of each row's file."""
        chosen = (
            {FILE: number, "source_file": known.source.key, "source_version": known.source.version}
            for number, known in enumerate(self._files)
            if known.source.file_id in file_ids
        )
        sources = frame_of(self._spark, chosen, f"{FILE} int, source_file string, source_version string")
        sound = self._frame.filter(F.col(MALFORMED).isNull() & F.col(IS_ROW))
        return sound.join(F.broadcast(sources), FILE).select(*self._dataset.columns, "source_file", "source_version")

    def malformed(self) -> Iterator[tuple[str, MalformedRow]]:
        """Return the first malformed rows of each file with its id: file by file, in the order of their lines."""
        found = self._frame.filter(F.col(MALFORMED).isNotNull()).select(*PLACE, MALFORMED)
        judged = [n for n, known in enumerate(self._files) if known.source.file_id in self.counts]
        crowded = [n for n in judged if may_exceed(self.counts[self._files[n].source.file_id])]
        if self.refused:
            found = found.filter(F.col(FILE).isin(*judged))
        rows = first_rows(self._spark, found, crowded).select(*PLACE, TEXT, REASON).orderBy(*PLACE)
        for file_number, split, position, text, reason in rows.toLocalIterator():
            source = self._files[file_number].source
            count = self.counts[source.file_id]
            line = count.line(split, position)
            if not (count.has_header and line == HEADER_LINE):
                yield source.file_id, MalformedRow(source.key, line, text, reason)

    def _parsed(self) -> DataFrame:
        """Read files of one layout together, so many small files are few tasks."""
        alike: dict[tuple[str, ...], list[tuple[int, FileWithLayout]]] = defaultdict(list)
        for number, known in enumerate(self._files):
            alike[known.written_like].append((number, known))
        first, *others = [parse(self._spark, self._dataset, files) for files in alike.values()]
        for other in others:
            first = first.unionByName(other)
        return first

    def _counted(self) -> Mapping[int, Sequence[SplitCount]]:
        splits: dict[int, list[SplitCount]] = defaultdict(list)
        found = self._frame.groupBy(FILE, SPLIT).agg(
            F.min(POSITION),
            F.count(F.lit(1)),
            F.count_if(F.col(IS_ROW)),
            F.count_if(F.col(MALFORMED).isNotNull()),
            F.sum(ROW_BYTES),
            F.max(FILE_BYTES),
        )
        for number, *counts in found.collect():
            if number is None:
                message = (
                    "Spark names a file by another path than it was given; none of its rows can be told from others"
                )
                raise LakeError(message)
            splits[number].append(SplitCount(*counts))
        return splits

    def _judged(self, splits: Mapping[int, Sequence[SplitCount]]) -> dict[str, FileCount]:
        """Count each file, and refuse files that exceed a bound."""
        count = {FileFormat.CSV: count_csv, FileFormat.PARQUET: count_parquet}
        counts: dict[str, FileCount] = {}
        for number, known in enumerate(self._files):
            of_file = splits.get(number, ())
            try:
                demand_read_whole(of_file)
            except SourceFileError as error:
                self.refused[known.source.file_id] = str(error)
            else:
                counts[known.source.file_id] = count[known.format](of_file)
        return counts
