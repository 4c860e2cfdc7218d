"""Closes a bundle: every file of it ends in the audit table or waits for its next try, whatever became of the run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.shown_text import on_one_line, quoted
from taxi.bundles.retrying import SILENCE, Settled, settled
from taxi.ports import BundleStorage, DatasetLeases, PendingFiles
from taxi.records import Bundle, FileOutcome, LoadStatus, WaitingFile

LONGEST_PAUSE_SECONDS = 600
"""How long an execution keeps its dataset to try files again; for those that wait longer the schedule comes."""
_LISTED = 20
_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class ClosedBundle:
    """What became of each file of a bundle."""

    bundle: Bundle
    files: tuple[Settled, ...]

    @property
    def outcomes(self) -> tuple[FileOutcome, ...]:
        """What became of each file, in the order of the bundle."""
        return tuple(file.outcome for file in self.files)

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """The files that are in no table and are not tried again."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is LoadStatus.FAILED)

    @property
    def waiting(self) -> tuple[WaitingFile, ...]:
        """The files that are tried again."""
        return tuple(file.waiting for file in self.files if file.waiting)

    @property
    def pause_seconds(self) -> int:
        """How long to wait for the first file that is tried again, if that is soon."""
        first = min((waiting.wait_seconds for waiting in self.waiting), default=0)
        return first if first <= LONGEST_PAUSE_SECONDS else 0

    @property
    def state_input(self) -> dict[str, Any]:
        """The input of the state machine's next state, with the message for people."""
        return {
            "completed": len(self.outcomes) - len(self.failed) - len(self.waiting),
            "failed": len(self.failed),
            "pause_seconds": self.pause_seconds,
            "subject": self._subject,
            "message": "\n".join(self._message),
        }

    @property
    def _subject(self) -> str:
        count = _files(len(self.outcomes))
        dataset = self.bundle.dataset
        if self.failed:
            return f"Failed: {dataset}, {len(self.failed)} of {count}"
        if self.waiting:
            return f"To be tried again: {dataset}, {len(self.waiting)} of {count}"
        return f"Completed: {dataset}, {count}"

    @property
    def _message(self) -> list[str]:
        superseded = sum(outcome.status is LoadStatus.SUPERSEDED for outcome in self.outcomes)
        quarantined = [outcome for outcome in self.outcomes if outcome.rows_quarantined]
        keys = {file.file_id: file.key for file in self.bundle.files}
        lines = [
            f"{self._subject} (execution {self.bundle.execution}, bundle {self.bundle.key})",
            f"rows loaded: {sum(outcome.rows_loaded for outcome in self.outcomes):,}",
            f"rows quarantined: {sum(outcome.rows_quarantined for outcome in self.outcomes):,}",
        ]
        if superseded:
            lines.append(f"{_files(superseded)} superseded by a newer version of the same key")
        failures = [f"failed: {quoted(keys[outcome.file_id])}: {_shown(outcome.error)}" for outcome in self.failed]
        quarantines = [
            f"quarantined: {quoted(keys[outcome.file_id])}: {outcome.rows_quarantined:,} rows in {outcome.quarantine}"
            for outcome in quarantined
        ]
        again = [
            f"{waiting.how}, next in {_duration(waiting.wait_seconds)}: {quoted(waiting.file.key)}: "
            f"{_shown(waiting.error)}"
            for waiting in self.waiting
        ]
        return [*lines, *_bounded(failures), *_bounded(again), *_bounded(quarantines)]


class Closing:
    """Ends the files of bundles; closing a bundle again ends nothing twice and answers the same."""

    def __init__(
        self,
        files: PendingFiles,
        leases: DatasetLeases,
        bundles: BundleStorage,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._files = files
        self._leases = leases
        self._bundles = bundles
        self._clock = clock

    def close(self, bundle_key: str, error: str) -> ClosedBundle:
        """End every file of a bundle or let it wait, by its outcome and the run's error, if any.

        Raises:
            LeaseLostError: a later claim has the dataset, and its files are no longer this execution's to end.
        """
        bundle = self._bundles.read(bundle_key)
        self._leases.renew(bundle.lease)
        reported = self._bundles.outcome(bundle_key)
        closed = ClosedBundle(bundle, settled_files(bundle, reported, error, int(self._clock())))
        pending = {file.file_id: file for file in self._files.pending(bundle.dataset)}
        here = [file for file in closed.files if file.outcome.file_id in pending]
        self._files.end(bundle.lease, [file.outcome for file in here if file.waiting is None])
        self._files.keep_pending(bundle.lease, [file.waiting for file in here if file.waiting])
        if reported is not None and not error:  # a run that ended well shows that others need not wait for one
            closed_here = {file.file_id for file in bundle.files}
            others = (file for file_id, file in pending.items() if file_id not in closed_here)
            self._files.hasten(bundle.lease, [file.file_id for file in others if file.deaths])
        return closed


def settled_files(
    bundle: Bundle, reported: Mapping[str, FileOutcome] | None, error: str, now: int
) -> tuple[Settled, ...]:
    """Decide what became of each file: what was reported of it, unless the run died or said nothing of it."""
    said = dict(reported or {})
    if reported is not None and not error:  # such a run would say the same the next time
        silent = (file.file_id for file in bundle.files if file.file_id not in said)
        said |= {file_id: FileOutcome(file_id, LoadStatus.FAILED, error=SILENCE) for file_id in silent}
    return tuple(settled(file, said.get(file.file_id), len(bundle.files), error, now) for file in bundle.files)


def error_text(error: object) -> str:
    """Put a run's error in words: a text, or Step Functions' Error and Cause; nothing gives an empty text."""
    if isinstance(error, Mapping):
        return f"{error.get('Error', 'Error')}: {_cause(str(error.get('Cause', '')))}"
    return str(error or "")


def _cause(cause: str) -> str:
    """Glue's cause is a whole job run as JSON; people need only its message."""
    try:
        return str(json.loads(cause)["ErrorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _shown(error: str) -> str:
    """Errors quote files: names of columns, texts of rows."""
    return on_one_line(error, _ERROR_CHARACTERS)


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    count, unit = (hours, "hour") if hours else (minutes, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _bounded(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _LISTED
    return [*lines[:_LISTED], f"… and {more} more"] if more > 0 else list(lines)
