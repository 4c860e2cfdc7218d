"""Claims bundles: chooses the files that an execution loads next, under the lease of their dataset."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from taxi.ports import BundleStorage, DatasetLeases, ExecutionStates, PendingFiles
from taxi.records import Bundle, LandedFile, Lease

LONG_WAIT_HOURS = 3
"""Longer than a normal round, and early enough to warn before a file that is tried for a day fails."""


class ClaimResult(StrEnum):
    """The result of a claim: a bundle, another execution at work, nothing pending, or a Region that is not active."""

    CLAIMED = "claimed"
    BUSY = "busy"
    IDLE = "idle"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Claim:
    """The result, with its bundle if there is one."""

    result: ClaimResult
    bundle: Bundle | None = None

    @property
    def state_input(self) -> dict[str, Any]:
        """The input of the state machine's next state: a key and counts, so its size does not grow with the files."""
        if self.bundle is None:
            return {"outcome": self.result.value}
        return {
            "outcome": self.result.value,
            "bundle_key": self.bundle.key,
            "files": len(self.bundle.files),
            "is_loaded": self.bundle.is_loaded,
        }


class Bundling:
    """Gives every pending file to one execution at a time.

    An execution that finds the lease taken leaves its files to the lease's owner, whose claims read all pending files.
    After the owner returns the lease, it looks once more. Otherwise a file would wait for ever if it was registered,
    and its execution turned away, between the last look and the return. The lease is not kept for files that wait for
    their next try: the schedule starts an execution for them.
    """

    def __init__(
        self,
        files: PendingFiles,
        leases: DatasetLeases,
        bundles: BundleStorage,
        executions: ExecutionStates,
        *,
        max_files_per_run: int,
        clock: Callable[[], float] = time.time,
        epoch: int = 0,
    ) -> None:
        self._files = files
        self._leases = leases
        self._bundles = bundles
        self._executions = executions
        self._max_files_per_run = max_files_per_run
        self._clock = clock
        self._epoch = epoch

    def claim(self, dataset: str, execution: str, execution_arn: str = "") -> Claim:
        """Take, keep or return the dataset's lease, and claim the oldest due files as a bundle.

        `execution` owns the lease, even across several executions of the state machine; the ARN is the present one.
        """
        while lease := self._lease(dataset, execution, execution_arn):
            if files := self._due(dataset):
                bundle = Bundle(dataset, lease.owner, lease.fencing_token, files, self._epoch)
                self._write(bundle)
                self._files.begin(lease, bundle.files)
                return Claim(ClaimResult.CLAIMED, bundle)
            self._leases.release(lease)
            if not self._due(dataset):
                return Claim(ClaimResult.IDLE)
        return Claim(ClaimResult.BUSY)

    def long_waiting(self, dataset: str) -> int:
        """Count the pending files that landed long ago."""
        latest = datetime.fromtimestamp(self._clock(), UTC) - timedelta(hours=LONG_WAIT_HOURS)
        return sum(datetime.fromisoformat(file.landed_at) < latest for file in self._files.pending(dataset))

    def _lease(self, dataset: str, execution: str, execution_arn: str) -> Lease | None:
        """Take the lease, also from an execution that was stopped or failed before it returned it."""
        if lease := self._leases.acquire(dataset, execution, execution_arn):
            return lease
        holder = self._leases.holder(dataset)
        if holder is None or not self._executions.has_ended(holder.execution_arn):
            return None
        return self._leases.take_over(holder, execution, execution_arn)

    def _due(self, dataset: str) -> tuple[LandedFile, ...]:
        return next_files(self._files.pending(dataset), self._clock(), self._max_files_per_run)

    def _write(self, bundle: Bundle) -> None:
        """Keep the bundle, and the known outcomes of files that are loaded already."""
        self._bundles.write(bundle)
        if bundle.is_loaded:
            self._bundles.write_outcome(bundle.key, [file.loaded for file in bundle.files if file.loaded])


_CLOCKS_DIFFER_BY = 5
"""A pause ends on Step Functions' clock, and the wait that it is for began on that of a function."""


def next_files(pending: Sequence[LandedFile], now: float, most: int) -> tuple[LandedFile, ...]:
    """Return the files to load next, at most `most`; none if all that are pending wait for a later time.

    While files wait after a run of several died, no other suspects are tried: whether runs work at all is then found
    out by one bundle at a time, and by files that are under no suspicion.
    """
    in_order = sorted(pending, key=lambda file: (file.deaths, file.landed_at, file.file_id))
    due = [file for file in in_order if file.not_before <= now + _CLOCKS_DIFFER_BY]
    waiting = [file for file in in_order if file.not_before > now + _CLOCKS_DIFFER_BY]
    if any(file.most_files > 1 for file in waiting):
        due = [file for file in due if not file.most_files]
    return _beside(due[0], due, waiting)[:most] if due else ()


def _beside(first: LandedFile, due: Iterable[LandedFile], waiting: Iterable[LandedFile]) -> tuple[LandedFile, ...]:
    """Return the files that may be in a bundle with the first one of it."""
    if first.loaded:  # one build is for all that wait for one
        return tuple(file for file in (*due, *waiting) if file.loaded)
    alike = tuple(file for file in due if not file.loaded and file.most_files == first.most_files)
    return alike[: first.most_files or None]
