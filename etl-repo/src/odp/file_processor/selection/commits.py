"""Plans one commit: the oldest files up to its limits, with the newer applied files that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from odp.file_processor.selection.late_files import Limits, order, was_put_there
from odp.file_processor.selection.pending_table import PendingTable
from odp.records import LandedFile, SkipReason
from odp.refresh import HeldFiles, RefreshKind, RefreshPlan, TableState

_PUT_THERE = (
    "changes that landed before it were not written there by DMS, so nobody knows whether they follow it; approve it "
    "to apply them after it, or dismiss it and load the table again in DMS"
)


def commit_after(
    table: PendingTable,
    load_landing_order: str,
    parts: Sequence[LandedFile],
    skipped: Sequence[LandedFile],
    held: tuple[HeldFiles, ...] = (),
) -> RefreshPlan:
    """Apply parts of the present load, and changes; the load contains changes that landed before it.

    A historical table also needs their versions, before those of the load.
    """
    before = table.landed_before(load_landing_order)
    if table.is_new and parts and not table.is_historical:
        put_there = [file for file in before if was_put_there(file, table.late.first_landed(file))]
        if put_there and not any(part.approved for part in parts):
            return first_load_held(table, parts, skipped, _PUT_THERE)
        before = [file for file in before if file not in put_there]
    after = [file for file in table.changes if file not in before]
    if table.is_historical:
        if parts and (before or (not table.is_all and not table.in_table.keys)):
            return commit_of(table, before or after, [file for file in skipped if not file.is_load], held)
        return commit_of(table, [*parts, *before, *after], skipped, held, load_landing_order)
    in_load = [file.skipped(SkipReason.IN_LOAD) for file in before]
    return commit_of(table, [*parts, *after], [*skipped, *in_load], held, load_landing_order)


def commit_of(
    table: PendingTable,
    files: Sequence[LandedFile],
    skipped: Sequence[LandedFile],
    held: tuple[HeldFiles, ...] = (),
    load_landing_order: str = "",
) -> RefreshPlan:
    """Apply the oldest files up to the limits of a commit, with the newer applied files that they need."""
    late = table.late
    copies = late.copies(files)
    ordered = [file for file in sorted(files, key=order) if file not in copies]
    skipped = [*skipped, *(file.skipped(SkipReason.COPY) for file in copies)]
    replayed: list[LandedFile] = []
    if not table.is_historical:
        replayed, too_late = late.replay(ordered)
        held = (*held, *too_late)
        waiting = {file.file_id for group in too_late for file in group.files}
        ordered = [file for file in ordered if file.file_id not in waiting]
    chosen = list(_oldest(table.limits, ordered))
    keys = {file.key for file in chosen}
    replayed = [file for file in replayed if chosen and order(file) > order(chosen[0]) and file.key not in keys]
    generation = max(table.state.generation, 1)
    new = tuple(file.applied(generation) for file in chosen)
    state = state_after(table.state, generation, new, load_landing_order) if new else table.state
    return RefreshPlan(_kind(table.state, new), new, tuple(replayed), state, tuple(skipped), held, table.awaits_load)


def state_after(
    state: TableState, generation: int, files: Iterable[LandedFile], load_landing_order: str = ""
) -> TableState:
    """Return the table's state after these files are applied."""
    files = list(files)
    loads = [file for file in files if file.is_load]
    changes = [file for file in files if not file.is_load]
    known = filter(None, [state.load_landing_order, load_landing_order if loads else ""])
    return TableState(
        generation,
        load_keys=state.load_keys | {file.key for file in loads},
        newest_change_file=max([state.newest_change_file, *(file.name for file in changes)]),
        load_landing_order=min([*known, *(file.landing_order for file in loads)], default=""),
        last_change_landing_order=max([state.last_change_landing_order, *(file.landing_order for file in changes)]),
    )


def first_load_held(
    table: PendingTable, parts: Sequence[LandedFile], skipped: Sequence[LandedFile], reason: str
) -> RefreshPlan:
    """Hold a first load, so that the table waits for a person."""
    held = HeldFiles(parts[0].file_id, reason, tuple(part.held(reason) for part in parts))
    return RefreshPlan(RefreshKind.INITIAL, (), (), table.state, tuple(skipped), (held,))


def _kind(state: TableState, new: Sequence[LandedFile]) -> RefreshKind:
    holds_changes = bool(state.newest_change_file)
    is_first = state.generation == 0 or (not holds_changes and all(file.is_load for file in new))
    return RefreshKind.INITIAL if is_first else RefreshKind.CHANGES


def _oldest(limits: Limits, ordered: Sequence[LandedFile]) -> Iterator[LandedFile]:
    total = 0
    for number, file in enumerate(ordered):
        total += file.size
        if number and (number >= limits.files or total > limits.bytes):
            return
        yield file
