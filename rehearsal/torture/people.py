"""The decisions of people about a table: emptied sources and held files."""

from contextlib import suppress

from rehearsal.torture.evidence import APPLIED, BY_A_PERSON, FAILED, HELD, IN_DOUBT, TableEvidence
from rehearsal.torture.lake import Interrupted, Lake
from rehearsal.torture.reference_model import ReferenceModel


def decide(lake: Lake, replica: ReferenceModel, *, is_patient: bool = True) -> None:
    """A person has the table emptied whose source was, and decides what is held; what is interrupted comes again."""
    with suppress(Interrupted):
        if replica.is_vanished and lake.empty(replica):
            replica.is_vanished = replica.diverged = False
        _decide_held(lake, replica, is_patient=is_patient)


def skip_broken(lake: Lake, replica: ReferenceModel) -> None:
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


def _decide_held(lake: Lake, replica: ReferenceModel, *, is_patient: bool) -> None:
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


def _dismiss_what_is_gone(lake: Lake, replica: ReferenceModel, evidence: TableEvidence) -> None:
    """All that is held was deleted: nobody can approve it, and a table whose first load it is waits for a decision."""
    gone = [file for file in evidence.history if file.status == HELD]
    if any(file.is_load for file in gone):
        replica.must_load = replica.is_unclear = True
    if gone:
        lake.decide(replica, ())
