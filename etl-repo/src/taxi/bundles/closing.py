"""Closes a bundle: every file of it ends in the audit table, whatever became of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taxi.ports import BundleStorage, DatasetLeases, PendingFiles
from taxi.records import Bundle, FileOutcome, LoadStatus

MOST_TRIES = 4
LONGEST_PAUSE_SECONDS = 600
_FIRST_PAUSE_SECONDS, _GROWTH = 60, 4
_ERROR_LENGTH = 2_000
_LISTED = 20


@dataclass(frozen=True, slots=True)
class ClosedBundle:
    """What became of each file of a bundle."""

    bundle: Bundle
    outcomes: tuple[FileOutcome, ...]

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """The files that are in no table, or whose purpose-built tables are not up to date."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is LoadStatus.FAILED)

    @property
    def pending(self) -> tuple[FileOutcome, ...]:
        """The files that are tried again, because what failed passes."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is LoadStatus.PENDING)

    @property
    def pause_seconds(self) -> int:
        """How long to wait before the next try: longer each time, and not at all if nothing is tried again."""
        tries = max((outcome.tries for outcome in self.pending), default=0)
        return min(LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * _GROWTH ** (tries - 1)) if tries else 0

    @property
    def state(self) -> dict[str, Any]:
        """What the state machine carries on and tells people."""
        return {
            "completed": len(self.outcomes) - len(self.failed) - len(self.pending),
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
        if self.pending:
            return f"To be tried again: {dataset}, {len(self.pending)} of {count}"
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
        failures = [f"failed: {keys[outcome.file_id]}: {outcome.error[:500]}" for outcome in self.failed]
        quarantines = [
            f"quarantined: {keys[outcome.file_id]}: {outcome.rows_quarantined:,} rows in {outcome.quarantine}"
            for outcome in quarantined
        ]
        again = [
            f"tried {outcome.tries} of {MOST_TRIES} times: {keys[outcome.file_id]}: {outcome.error[:500]}"
            for outcome in self.pending
        ]
        return [*lines, *_bounded(failures), *_bounded(again), *_bounded(quarantines)]


class Closing:
    """Ends the files of bundles; closing a bundle again ends nothing twice and answers the same."""

    def __init__(self, files: PendingFiles, leases: DatasetLeases, bundles: BundleStorage) -> None:
        self._files = files
        self._leases = leases
        self._bundles = bundles

    def close(self, bundle_key: str, error: str) -> ClosedBundle:
        """End every file of a bundle by its outcome and by the run's error, if that is not empty.

        A file whose failure passes stays pending, but not for ever.

        Raises:
            LeaseLostError: a later claim has the dataset, and its files are no longer this execution's to end.
        """
        bundle = self._bundles.read(bundle_key)
        self._leases.renew(bundle.lease)
        outcomes = outcomes_of(bundle, self._bundles.outcome(bundle_key), error)
        pending = {file.file_id for file in self._files.pending(bundle.dataset)}
        here = [outcome for outcome in outcomes if outcome.file_id in pending]
        self._files.end(bundle.lease, [outcome for outcome in here if outcome.status is not LoadStatus.PENDING])
        self._files.keep_pending(bundle.lease, [each for each in here if each.status is LoadStatus.PENDING])
        return ClosedBundle(bundle, outcomes)


def outcomes_of(bundle: Bundle, reported: Mapping[str, FileOutcome] | None, error: str) -> tuple[FileOutcome, ...]:
    """Decide what became of each file: what was reported of it, unless the run failed or said nothing of it."""
    silence = error or "the run ended without saying what became of this file"
    said = reported or {}
    silent = (FileOutcome(file.file_id, LoadStatus.FAILED, error=silence) for file in bundle.files)
    tries = {file.file_id: file.tries + 1 for file in bundle.files}
    judged = (_judged(said.get(outcome.file_id, outcome), error) for outcome in silent)
    return tuple(_bounded_tries(outcome, tries[outcome.file_id]) for outcome in judged)


def _bounded_tries(outcome: FileOutcome, tries: int) -> FileOutcome:
    """Let the last try say that it was; the bundle has the count, so that a repeated closing counts the same."""
    if outcome.status is not LoadStatus.PENDING:
        return outcome
    if tries < MOST_TRIES:
        return replace(outcome, tries=tries)
    last = f"try {tries} of {MOST_TRIES} failed, there is no further one; send the file again: {outcome.error}"
    return replace(outcome, status=LoadStatus.FAILED, error=last[:_ERROR_LENGTH])


def _judged(outcome: FileOutcome, error: str) -> FileOutcome:
    """A file counts as completed when both layers have it."""
    if error and outcome.status is LoadStatus.LOADED:
        reason = f"the conformed table has its rows, the purpose-built tables may lack them until the next run: {error}"
        outcome = replace(outcome, status=LoadStatus.FAILED, error=reason)
    return replace(outcome, error=outcome.error[:_ERROR_LENGTH])


def error_text(error: object) -> str:
    """Put a run's error in words: a text, or Step Functions' Error and Cause; nothing gives an empty text."""
    if isinstance(error, Mapping):
        return f"{error.get('Error', 'Error')}: {_cause(str(error.get('Cause', '')))}"
    return str(error or "")


def _cause(cause: str) -> str:
    """Glue's cause is a whole job run as JSON, of which the message is what people want to read."""
    try:
        return str(json.loads(cause)["ErrorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _bounded(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _LISTED
    return [*lines[:_LISTED], f"… and {more} more"] if more > 0 else list(lines)
