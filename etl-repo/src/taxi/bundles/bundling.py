"""Claims bundles: the files that an execution loads next, under its dataset's lease."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from taxi.bundles.choosing import next_files
from taxi.ports import BundleStorage, DatasetLeases, ExecutionStates, PendingFiles
from taxi.records import Bundle, LandedFile, Lease

WAITING_FILES = "WaitingTaxiFiles"
LONG_WAIT_HOURS = 3
"""Longer than a round takes as a rule, and soon enough to look before a file that is tried for a day fails."""


class ClaimResult(StrEnum):
    """What a claim gave: a bundle, nothing because another execution works, or nothing because nothing is pending."""

    CLAIMED = "claimed"
    BUSY = "busy"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer, with its bundle if it has one."""

    answer: ClaimResult
    bundle: Bundle | None = None

    @property
    def state(self) -> dict[str, Any]:
        """What the state machine carries on: a key and a count, however many files there are."""
        if self.bundle is None:
            return {"outcome": self.answer.value}
        return {
            "outcome": self.answer.value,
            "bundle_key": self.bundle.key,
            "files": len(self.bundle.files),
            "is_loaded": self.bundle.is_loaded,
        }


class Bundling:
    """Gives every pending file to one execution at a time.

    An execution that finds the lease held leaves its files to the holder, whose every claim looks at what is pending.
    So the holder looks once more after it gave the lease back: a file that was registered, and whose execution was
    turned away, between the last look and the return would otherwise wait for ever. Files that wait for their next try
    are no reason to hold the lease: the schedule comes for them.
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
    ) -> None:
        self._files = files
        self._leases = leases
        self._bundles = bundles
        self._executions = executions
        self._max_files_per_run = max_files_per_run
        self._clock = clock

    def claim(self, dataset: str, execution: str, execution_arn: str = "") -> Claim:
        """Take, keep or give back the dataset's lease, and name the oldest files that are due as a bundle.

        `execution` owns the lease, also through several executions of the state machine; the ARN is of the present one.
        """
        while lease := self._lease(dataset, execution, execution_arn):
            if files := self._due(dataset):
                bundle = Bundle(dataset, lease.owner, lease.fencing_token, files)
                self._write(bundle)
                self._files.begin(lease, bundle.files)
                return Claim(ClaimResult.CLAIMED, bundle)
            self._leases.release(lease)
            if not self._due(dataset):
                return Claim(ClaimResult.IDLE)
        return Claim(ClaimResult.BUSY)

    def long_waiting(self, dataset: str) -> int:
        """Count the pending files that landed long ago, whoever works on them."""
        latest = datetime.fromtimestamp(self._clock(), UTC) - timedelta(hours=LONG_WAIT_HOURS)
        return sum(datetime.fromisoformat(file.landed_at) < latest for file in self._files.pending(dataset))

    def _lease(self, dataset: str, execution: str, execution_arn: str) -> Lease | None:
        """Take the lease, also from an execution that was stopped or failed before it could give it back."""
        if lease := self._leases.acquire(dataset, execution, execution_arn):
            return lease
        holder = self._leases.holder(dataset)
        if holder is None or not self._executions.has_ended(holder.execution_arn):
            return None
        return self._leases.take_over(holder, execution, execution_arn)

    def _due(self, dataset: str) -> tuple[LandedFile, ...]:
        return next_files(self._files.pending(dataset), self._clock(), self._max_files_per_run)

    def _write(self, bundle: Bundle) -> None:
        """Keep the bundle; of files that are loaded already its outcome is known before any run."""
        self._bundles.write(bundle)
        if bundle.is_loaded:
            self._bundles.write_outcome(bundle.key, [file.loaded for file in bundle.files if file.loaded])
