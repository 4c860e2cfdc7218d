"""The flow's ports in memory, each operation as atomic as DynamoDB's; `step` runs before every one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from taxi.ports import EarlierState
from taxi.records import Bundle, FileOutcome, Holder, LandedFile, Lease, WaitingFile

from lake.errors import LeaseLostError
from lake.landing.object_created import RejectedFile


class MemoryAudit:
    """The audit table: files that ended, files that are pending, and the leases."""

    def __init__(self, step: Callable[[], None] = lambda: None, *, lease_seconds: int = 60) -> None:
        self._step = step
        self._lease_seconds = lease_seconds
        self._tokens = 0
        self.now = 0
        self.marked: dict[str, LandedFile] = {}
        self.running: dict[str, str] = {}
        self.ended: dict[str, list[FileOutcome]] = {}
        self.rejected: list[RejectedFile] = []
        self.held: dict[str, tuple[Lease, int]] = {}
        self.arns: dict[str, str] = {}

    def register(self, file: LandedFile) -> EarlierState:
        self._step()
        if file.file_id in self.marked:
            return EarlierState.PENDING
        if file.file_id in self.ended:
            return EarlierState.ENDED
        self.marked[file.file_id] = file
        return EarlierState.NEW

    def record_rejected(self, file: RejectedFile) -> None:
        self._step()
        self.rejected.append(file)

    def unknown(
        self, files: Sequence[LandedFile | RejectedFile], datasets: Collection[str]
    ) -> Sequence[LandedFile | RejectedFile]:
        self._step()
        known = {*self.marked, *self.ended, *(file.file_id for file in self.rejected)}
        return [file for file in files if file.file_id not in known]

    def pending(self, dataset: str) -> Sequence[LandedFile]:
        self._step()
        return [file for file in self.marked.values() if file.dataset == dataset]

    def begin(self, lease: Lease, files: Sequence[LandedFile]) -> None:
        for file in files:
            self._step()
            self._demand(lease)
            self.running[file.file_id] = lease.owner

    def end(self, lease: Lease, outcomes: Sequence[FileOutcome]) -> None:
        for outcome in outcomes:
            self._step()
            self._demand(lease)
            del self.marked[outcome.file_id]
            self.ended.setdefault(outcome.file_id, []).append(outcome)

    def keep_pending(self, lease: Lease, files: Sequence[WaitingFile]) -> None:
        for waiting in files:
            self._step()
            self._demand(lease)
            assert waiting.file.file_id in self.marked
            self.marked[waiting.file.file_id] = waiting.file

    def hasten(self, lease: Lease, file_ids: Sequence[str]) -> None:
        for file_id in file_ids:
            self._step()
            self._demand(lease)
            self.marked[file_id] = replace(self.marked[file_id], deaths=0, not_before=0)

    def acquire(self, dataset: str, owner: str, execution_arn: str = "") -> Lease | None:
        self._step()
        if dataset in self.held:
            lease, expires_at = self.held[dataset]
            if lease.owner != owner and expires_at >= self.now:
                return None
        return self._taken(dataset, owner, execution_arn)

    def holder(self, dataset: str) -> Holder | None:
        self._step()
        return Holder(self.held[dataset][0], self.arns[dataset]) if dataset in self.held else None

    def take_over(self, holder: Holder, owner: str, execution_arn: str) -> Lease | None:
        self._step()
        held = self.held.get(holder.lease.dataset)
        if held is None or held[0] != holder.lease:
            return None
        return self._taken(holder.lease.dataset, owner, execution_arn)

    def _taken(self, dataset: str, owner: str, execution_arn: str) -> Lease:
        self._tokens += 1
        lease = Lease(dataset, owner, self._tokens)
        self.held[dataset] = (lease, self.now + self._lease_seconds)
        self.arns[dataset] = execution_arn
        return lease

    def renew(self, lease: Lease) -> None:
        self._step()
        self._demand(lease)
        self.held[lease.dataset] = (lease, self.now + self._lease_seconds)

    def release(self, lease: Lease) -> None:
        self._step()
        self._demand(lease)
        del self.held[lease.dataset]

    def _demand(self, lease: Lease) -> None:
        held = self.held.get(lease.dataset)
        if held is None or held[0] != lease:
            raise LeaseLostError(lease.owner)


class MemoryBundles:
    """The bundle bucket."""

    def __init__(self, step: Callable[[], None] = lambda: None) -> None:
        self._step = step
        self.bundles: dict[str, Bundle] = {}
        self.outcomes: dict[str, dict[str, FileOutcome]] = {}

    def write(self, bundle: Bundle) -> None:
        self._step()
        assert bundle.key not in self.bundles, "no two claims write the same key"
        self.bundles[bundle.key] = bundle

    def read(self, key: str) -> Bundle:
        self._step()
        return self.bundles[key]

    def write_outcome(self, bundle_key: str, outcomes: Sequence[FileOutcome]) -> None:
        self._step()
        self.outcomes[bundle_key] = {outcome.file_id: outcome for outcome in outcomes}

    def outcome(self, bundle_key: str) -> Mapping[str, FileOutcome] | None:
        self._step()
        return self.outcomes.get(bundle_key)
