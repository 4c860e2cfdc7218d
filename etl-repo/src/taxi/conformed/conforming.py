"""Loads a bundle: each file whole or, with the reason, not at all; a bad file never fails the others."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial, reduce
from operator import itemgetter
from typing import TYPE_CHECKING

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.errors import StaleRegionError, one_line
from taxi.conformed.counts import (
    Quarantined,
    is_accepted,
    outcome_of,
    outcome_of_passing,
    outcome_of_refused,
)
from taxi.conformed.file_layouts import FILES_AT_ONCE, FileWithLayout, detect_layouts, read_footer
from taxi.conformed.parsed_files import ParsedFiles, kept_of
from taxi.conformed.selection import SourceFile, select_current
from taxi.datasets.dataset import Dataset
from taxi.errors import is_passing
from taxi.ports import Quarantine, RawFiles
from taxi.records import FileOutcome, LandedFile, LoadStatus
from taxi.spark_session import exact_names
from taxi.tables import ConformedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


class Conforming:
    """Loads files of one dataset into its conformed table."""

    def __init__(
        self, spark: SparkSession, dataset: Dataset, *, raw: RawFiles, table: ConformedTable, quarantine: Quarantine
    ) -> None:
        self._spark = spark
        self._dataset = dataset
        self._raw = raw
        self._table = table
        self._quarantine = quarantine

    def conform(self, files: Sequence[LandedFile]) -> list[FileOutcome]:
        """Load the current content of each file's key in one commit, and return each file's outcome.

        A transient failure leaves its files pending; if it belongs to no single file, all of them. If the active
        Region changes before the commit, there is none, and the files were not tried.
        """
        try:
            with exact_names(self._spark):
                return self._conform(files)
        except StaleRegionError as stale:
            logger.warning("%d files are not loaded: %s", len(files), stale)
            return [FileOutcome(file.file_id, LoadStatus.STOPPED, error=one_line(stale)) for file in files]
        except Exception as error:
            if not is_passing(error):
                raise
            logger.exception("%d files are to be tried again", len(files))
            reason = f"the run could not load it now: {one_line(error)}"
            return [FileOutcome(file.file_id, LoadStatus.PENDING, error=reason) for file in files]

    def _conform(self, files: Sequence[LandedFile]) -> list[FileOutcome]:
        selection = select_current(files, self._versions(files))
        known = detect_layouts(selection.to_load, self._dataset, self._raw, partial(read_footer, self._spark))
        refusals, passing = dict(known.refused), dict(known.passing)
        batches = self._parsed(known.readable, refusals, passing)
        try:
            counts = {file_id: count for batch in batches for file_id, count in batch.counts.items()}
            kept = self._quarantined(batches)
            accepted = [
                source
                for source in selection.to_load
                if source.file_id in counts and is_accepted(counts[source.file_id], self._dataset)
            ]
            self._load(accepted, batches)
        finally:
            for batch in batches:
                batch.release()
        unread = [outcome_of_refused(s, refusals[s.file_id]) for s in selection.to_load if s.file_id in refusals]
        unread += [outcome_of_passing(s, passing[s.file_id]) for s in selection.to_load if s.file_id in passing]
        read = [
            outcome_of(source, counts[source.file_id], self._dataset, kept.get(source.file_id))
            for source in selection.to_load
            if source.file_id in counts
        ]
        return [*read, *unread, *selection.settled]

    def _versions(self, files: Sequence[LandedFile]) -> dict[str, str | None]:
        places = sorted({(file.bucket, file.key) for file in files})
        with ThreadPoolExecutor(FILES_AT_ONCE) as threads:
            versions = threads.map(lambda place: self._raw.version(*place), places)
        return {key: version for (_, key), version in zip(places, versions, strict=True)}

    def _parsed(
        self, files: Sequence[FileWithLayout], refusals: dict[str, str], passing: dict[str, str]
    ) -> list[ParsedFiles]:
        """Parse files together; if that fails, parse halves, until the faulty files are alone.

        Raises:
            the error, if all of several files meet it and it is not transient: then no file is at fault.
        """
        batches, errors = self._parsed_apart(files)
        if not batches and len(errors) > 1 and not any(map(is_passing, errors.values())):
            raise next(iter(errors.values()))
        for file_id, error in errors.items():
            reasons = passing if is_passing(error) else refusals
            reasons[file_id] = f"the file cannot be read: {one_line(error)}"
        for batch in batches:
            refusals.update(batch.refused)
        return batches

    def _parsed_apart(self, files: Sequence[FileWithLayout]) -> tuple[list[ParsedFiles], dict[str, Exception]]:
        if not files:
            return [], {}
        try:
            return [ParsedFiles(self._spark, self._dataset, files)], {}
        except (Py4JError, PySparkException) as error:
            if len(files) == 1:
                return [], {files[0].source.file_id: error}
            logger.warning("%d files cannot be parsed together: %s", len(files), one_line(error))
        middle = len(files) // 2
        first, first_errors = self._parsed_apart(files[:middle])
        second, second_errors = self._parsed_apart(files[middle:])
        return first + second, first_errors | second_errors

    def _quarantined(self, batches: Iterable[ParsedFiles]) -> dict[str, Quarantined]:
        """Keep the malformed rows, also of failed files, and return their places by file id."""
        kept: dict[str, Quarantined] = {}
        for batch in batches:
            if not any(count.malformed for count in batch.counts.values()):
                continue
            for file_id, rows in itertools.groupby(batch.malformed(), key=itemgetter(0)):
                of_file = map(itemgetter(1), rows)
                first = next(of_file)
                all_of_file = itertools.chain([first], of_file)
                uri = self._quarantine.keep(self._dataset.name, file_id, kept_of(all_of_file))
                kept[file_id] = Quarantined(uri, first)
        return kept

    def _load(self, accepted: Sequence[SourceFile], batches: Iterable[ParsedFiles]) -> None:
        if not accepted:
            return
        file_ids = {source.file_id for source in accepted}
        rows = reduce(DataFrame.union, [batch.rows(file_ids) for batch in batches])
        loaded_at = F.lit(datetime.now(UTC).isoformat()).cast("timestamp")
        self._table.prepare()
        self._table.replace_files(rows.withColumn("loaded_at", loaded_at), [source.key for source in accepted])
