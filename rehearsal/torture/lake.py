"""A lake as the history tester needs it, in memory or deployed, and the people who decide about its tables."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from rehearsal.torture.check import Finding
from rehearsal.torture.dms_files import DmsFile, Message
from rehearsal.torture.evidence import APPLIED, BY_A_PERSON, FAILED, HELD, IN_DOUBT, TableEvidence
from rehearsal.torture.faults import Fault
from rehearsal.torture.reference_model import ReferenceModel


class Interrupted(Exception):  # noqa: N818 - it is no error of the lake
    """A person's command failed or was ended in the middle; the person repeats it."""


class LakeUnderTest(Protocol):
    """What a trial asks of a lake."""

    @property
    def violations(self) -> list[Finding]:
        """What was done that may never be done."""

    def expect(self, fault: Fault | None) -> None:
        """Give calls outside of refreshes this fault from now on, where the lake can play it; None ends it."""

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; returns S3's event."""

    def objects(self, folder: str) -> Sequence[DmsFile]:
        """List what can be read below a folder now."""

    def delete(self, key: str) -> bool:
        """Delete an object; tells whether a file of it was still pending or unknown to the lake."""

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; returns those that failed."""

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution with faults, by source table; `arrive` makes files arrive during it."""

    def sweep(self) -> None:
        """Let the File Manager look at as much of the bucket as it has time for."""

    def sweep_through(self) -> None:
        """Let the File Manager look at the whole bucket, in as many runs as that takes."""

    def has_work(self) -> bool:
        """Whether any file is pending."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""

    def held(self, replica: ReferenceModel) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""

    def decide(self, replica: ReferenceModel, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest.

        Raises:
            Interrupted: about some of the files nothing may be decided yet.
        """

    def skip(self, replica: ReferenceModel, keys: Collection[str]) -> bool:
        """Skip what is pending and has one of these keys; tells whether no run was in the way.

        Raises:
            Interrupted: some of it may be pending yet.
        """

    def empty(self, replica: ReferenceModel) -> bool:
        """Have the table emptied whose load vanished from staging; tells whether the lake sees that it did.

        Raises:
            Interrupted: nothing was asked for.
        """

    def evidence(self, replica: ReferenceModel) -> TableEvidence:
        """Read everything about one table."""


# The decisions of people about a table: emptied sources and held files.


def decide(lake: LakeUnderTest, replica: ReferenceModel, *, is_patient: bool = True) -> None:
    """A person has the table emptied whose source was, and decides what is held; what is interrupted comes again."""
    with suppress(Interrupted):
        if replica.is_vanished and lake.empty(replica):
            replica.is_vanished = replica.diverged = False
        _decide_held(lake, replica, is_patient=is_patient)


def skip_broken(lake: LakeUnderTest, replica: ReferenceModel) -> None:
    """A person skips the file for which a table is refused, once it is registered, and nobody writes it again."""
    broken = [file for file in lake.objects(replica.dms.folder) if not file.columns]
    evidence, keys = lake.evidence(replica), {file.key for file in broken}
    versions = {version for version in evidence.readable if version[0] in keys}
    pending = {(file.key, file.version_id) for file in evidence.pending}
    skipped = {(file.key, file.version_id) for file in evidence.history if file.reason == BY_A_PERSON}
    if not replica.is_broken or not versions or not versions <= pending | skipped:
        return
    if evidence.status != FAILED and versions & pending:
        return
    replica.has_begun_to_skip = True
    with suppress(Interrupted):
        if lake.skip(replica, keys):
            replica.skip_broken(broken)


def _decide_held(lake: LakeUnderTest, replica: ReferenceModel, *, is_patient: bool) -> None:
    """A person approves what DMS wrote and is not applied yet: the newest full load as a whole, late changes.

    An impatient one approves before all of it has landed.

    Who wrote parts of the load again or deleted one does not know any more what they are, dismisses them and loads
    again. So does who sees that a part of it is in the table, with parts of another load or as its rest came much
    later, and who approved something that waits again, as it does where changes that follow it were deleted.

    A command that was ended in the middle is repeated, which is no second approval.
    """
    held = lake.held(replica)
    if replica.unwritten and is_patient:
        return
    evidence = lake.evidence(replica)
    if not held:
        _dismiss_what_is_gone(lake, replica, evidence)
        return
    pending = {(file.key, file.version_id) for file in evidence.pending if file.key in replica.newest_load}
    begun = {key for key, version in pending & replica.half_approved & replica.written}
    waiting = pending - replica.half_approved
    unseen = replica.written - {(file.key, file.version_id) for file in (*evidence.pending, *evidence.history)}
    if (waiting | unseen) & evidence.readable and is_patient:
        return
    history = evidence.history
    in_table = [file for file in history if file.status == APPLIED or IN_DOUBT in file.reason]
    applied = {
        file.key for file in in_table if file.status == APPLIED and (file.key, file.version_id) in replica.written
    }
    awaited = {file.key for file in held if replica.newest_load.get(file.key) == file} - applied
    is_whole = replica.newest_load.keys() == awaited | applied | begun | replica.deleted
    versions = {(file.key, file.version_id) for file in history if file.status == HELD}
    waits_again = {key for key, version in versions if (key, version) in replica.approved}
    is_mixed = bool(applied) and bool(awaited & {file.key for file in in_table})
    has_stalled = bool(applied) and replica.has_stalled
    is_unsure = replica.is_touched or is_mixed or has_stalled or bool(replica.deleted)
    if not is_patient and (is_unsure or not is_whole):
        return
    is_not_emptied = any(file.is_load and not file.columns for file in held)
    has_load = any(file.is_load for file in held)
    loads_again = bool(waits_again) or is_not_emptied or (is_unsure and has_load)
    replica.must_load |= loads_again
    replica.is_unclear |= loads_again or (has_load and not is_whole)
    changes = {file.key for file in held if not file.is_load}
    approved = (changes | (awaited if is_whole and not is_unsure else set())) - waits_again
    replica.half_approved |= {(key, version) for key, version in versions if key in approved}
    lake.decide(replica, approved)
    replica.approved |= replica.half_approved
    replica.half_approved = set()


def _dismiss_what_is_gone(lake: LakeUnderTest, replica: ReferenceModel, evidence: TableEvidence) -> None:
    """All that is held was deleted: nobody can approve it, and a table whose first load it is waits for a decision."""
    gone = [file for file in evidence.history if file.status == HELD]
    if any(file.is_load for file in gone):
        replica.must_load = replica.is_unclear = True
    if gone:
        lake.decide(replica, ())
