"""The files of a bundle, parsed once and kept while they are counted, judged, quarantined and loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from odp.errors import OdpError
from pyspark import StorageLevel
from pyspark.sql import functions as F

from taxi.conformed.counts import HEADER_LINE, FileCount, SplitCount, count_csv, count_parquet
from taxi.conformed.file_layouts import KnownFile
from taxi.conformed.parsing import IS_ROW, MALFORMED, REASON, TEXT, parse
from taxi.conformed.source_rows import FILE, PLACE, POSITION, SPLIT
from taxi.datasets.dataset import Dataset, FileFormat
from taxi.records import MalformedRow
from taxi.spark_session import frame_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class ParsedFiles:
    """Parsed files of one dataset, whatever their layouts; `counts` has what was found in each, by file id."""

    def __init__(self, spark: SparkSession, dataset: Dataset, files: Sequence[KnownFile]) -> None:
        self._spark = spark
        self._dataset = dataset
        self._files = files
        self._frame = self._parsed().persist(StorageLevel.MEMORY_AND_DISK)
        try:
            self.counts: Mapping[str, FileCount] = self._counted()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Forget the rows."""
        self._frame.unpersist()

    def rows(self, file_ids: Collection[str]) -> DataFrame:
        """Give the sound rows of some files: the conformed values, and the key and version of each row's file."""
        chosen = (
            {FILE: number, "source_file": known.source.key, "source_version": known.source.version}
            for number, known in enumerate(self._files)
            if known.source.file_id in file_ids
        )
        sources = frame_of(self._spark, chosen, f"{FILE} int, source_file string, source_version string")
        sound = self._frame.filter(F.col(MALFORMED).isNull() & F.col(IS_ROW))
        return sound.join(F.broadcast(sources), FILE).select(*self._dataset.columns, "source_file", "source_version")

    def malformed(self) -> Iterator[tuple[str, MalformedRow]]:
        """Give the malformed rows with the id of their file: file by file, in the order of their lines."""
        found = self._frame.filter(F.col(MALFORMED).isNotNull()).select(*PLACE, TEXT, REASON).orderBy(*PLACE)
        for file_number, split, position, text, reason in found.toLocalIterator():
            source = self._files[file_number].source
            count = self.counts[source.file_id]
            line = count.line(split, position)
            if not (count.has_header and line == HEADER_LINE):
                yield source.file_id, MalformedRow(source.key, line, text, reason)

    def _parsed(self) -> DataFrame:
        """Read files that are written alike together: many small files are few tasks, and no job of their own."""
        alike: dict[tuple[str, ...], list[tuple[int, KnownFile]]] = defaultdict(list)
        for number, known in enumerate(self._files):
            alike[known.written_like].append((number, known))
        first, *others = [parse(self._spark, self._dataset, files) for files in alike.values()]
        for other in others:
            first = first.unionByName(other)
        return first

    def _counted(self) -> dict[str, FileCount]:
        splits: dict[int, list[SplitCount]] = defaultdict(list)
        found = self._frame.groupBy(FILE, SPLIT).agg(
            F.min(POSITION), F.count(F.lit(1)), F.count_if(F.col(IS_ROW)), F.count_if(F.col(MALFORMED).isNotNull())
        )
        for number, *counts in found.collect():
            if number is None:
                message = (
                    "Spark names a file by another path than it was given; none of its rows can be told from others"
                )
                raise OdpError(message)
            splits[number].append(SplitCount(*counts))
        count = {FileFormat.CSV: count_csv, FileFormat.PARQUET: count_parquet}
        return {known.source.file_id: count[known.format](splits[n]) for n, known in enumerate(self._files)}
