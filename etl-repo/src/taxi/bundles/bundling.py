"""Claims bundles: the files that an execution loads next, under its dataset's lease."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from taxi.ports import BundleStorage, DatasetLeases, ExecutionStates, PendingFiles
from taxi.records import Bundle, Lease


class Answer(StrEnum):
    """What a claim gave: a bundle, nothing because another execution works, or nothing because nothing is pending."""

    CLAIMED = "claimed"
    BUSY = "busy"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer, with its bundle if it has one."""

    answer: Answer
    bundle: Bundle | None = None

    @property
    def state(self) -> dict[str, Any]:
        """What the state machine carries on: a key and a count, however many files there are."""
        if self.bundle is None:
            return {"outcome": self.answer.value}
        return {"outcome": self.answer.value, "bundle_key": self.bundle.key, "files": len(self.bundle.files)}


class Bundling:
    """Gives every pending file to one execution at a time.

    An execution that finds the lease held leaves its files to the holder, whose every claim looks at what is pending.
    So the holder looks once more after it gave the lease back: a file that was registered, and whose execution was
    turned away, between the last look and the return would otherwise wait for ever.
    """

    def __init__(
        self,
        files: PendingFiles,
        leases: DatasetLeases,
        bundles: BundleStorage,
        executions: ExecutionStates,
        *,
        max_files_per_run: int,
    ) -> None:
        self._files = files
        self._leases = leases
        self._bundles = bundles
        self._executions = executions
        self._max_files_per_run = max_files_per_run

    def claim(self, dataset: str, execution: str, execution_arn: str = "") -> Claim:
        """Take, keep or give back the dataset's lease, and name the oldest pending files as a bundle.

        `execution` owns the lease, also through several executions of the state machine; the ARN is of the present one.
        """
        while lease := self._lease(dataset, execution, execution_arn):
            if bundle := self._oldest_files(lease):
                self._bundles.write(bundle)
                self._files.begin(lease, bundle.files)
                return Claim(Answer.CLAIMED, bundle)
            self._leases.release(lease)
            if not self._files.has_pending(dataset):
                return Claim(Answer.IDLE)
        return Claim(Answer.BUSY)

    def _lease(self, dataset: str, execution: str, execution_arn: str) -> Lease | None:
        """Take the lease, also from an execution that was stopped or failed before it could give it back."""
        if lease := self._leases.acquire(dataset, execution, execution_arn):
            return lease
        holder = self._leases.holder(dataset)
        if holder is None or not self._executions.has_ended(holder.execution_arn):
            return None
        return self._leases.take_over(holder, execution, execution_arn)

    def _oldest_files(self, lease: Lease) -> Bundle | None:
        oldest_first = sorted(self._files.pending(lease.dataset), key=lambda file: (file.landed_at, file.file_id))
        files = tuple(oldest_first[: self._max_files_per_run])
        return Bundle(lease.dataset, lease.owner, lease.fencing_token, files) if files else None
