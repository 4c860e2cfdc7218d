"""Decides whether a load that would replace a table is held: approvals, first loads, accidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from odp.file_processor.selection.load_in_table import is_again, is_certainly_again
from odp.file_processor.selection.pending_table import PendingTable
from odp.file_processor.selection.suspicion import suspicion, versions_of
from odp.records import LandedFile

AGAIN = (
    "its parts have the same content as parts that landed before, of a load that may have had more, or changes came in "
    "between"
)


LOST_ON_THE_WAY = (
    "it landed when the Region that received it was about to be lost, so its last parts may not have been replicated; "
    "load the table again in DMS, or approve it if it is whole"
)
DISMISSED_BEFORE = "it has nothing but parts with the content of parts that a person dismissed"


def _is_dismissed_first_load(table: PendingTable) -> bool:
    """Whether a first load has, or may have, only content that a person dismissed; dismissed content may be gone."""
    parts = table.loads.present
    if not table.is_new or not parts or any(part.approved for part in parts):
        return False
    return all(map(table.in_table.is_dismissed_again, parts))


def _is_first_load_lost_on_the_way(table: PendingTable) -> bool:
    """Whether a first load, not applied yet, may lack parts that its Region received and did not pass on."""
    parts = [part for part in table.loads.present if not part.approved]
    return table.is_new and _lost_on_the_way(table, parts)


def _is_first_load_begun_anew(table: PendingTable) -> bool:
    """Whether it is unknown if a first load continues: its part was deleted, changes came, and the part came again."""
    parts = [part for part in table.loads.present if not part.approved]
    if not table.is_new or not parts or not table.changes:
        return False
    same = table.processed.has_same_content
    again = [(lost, part) for lost in table.vanished_parts for part in parts if is_again(part, lost, same)]
    return any(_has_changes_between(table, lost.landing_order, part.landing_order) for lost, part in again)


def why_first_load_is_held(table: PendingTable) -> str:
    """Return the reason why a pending first load needs a person; empty if it needs none."""
    if _is_first_load_begun_anew(table):
        return AGAIN
    if _is_dismissed_first_load(table):
        return DISMISSED_BEFORE
    return LOST_ON_THE_WAY if _is_first_load_lost_on_the_way(table) else ""


def why_held(table: PendingTable) -> str:
    """Return the reason why a pending reload needs a person; empty if it needs none."""
    return _reason_after_approval(table) if table.reload.is_approved else _suspicion(table)


def is_first_load_again(table: PendingTable) -> bool:
    """Whether a first load of one part, not applied yet, was certainly written again with the same content.

    With several parts, the last ones may belong to the load before, so a person decides. So too if changes came in
    between: a load that DMS restarted contains them, a load that was uploaded again does not.
    """
    loads = table.loads
    if not table.is_new or loads.reload is None:
        return False
    if loads.reload.is_approved:
        return all(part.approved for part in (*loads.present, *loads.given_up))
    same = table.processed.has_same_content
    part = loads.reload.parts[0]
    others = [version for version in table.versions if version.file_id != part.file_id]
    is_again_as_it_was = table.was_there_before and all(is_certainly_again(part, other, same) for other in others)
    return is_again_as_it_was and not _has_changes_between(
        table, table.versions[0].landing_order, loads.reload.landing_order
    )


def _reason_after_approval(table: PendingTable) -> str:
    approved = {file.key for file in table.gone if file.approved and file.is_load}
    still_approved = {file.key for file in table.readable if file.is_load and file.approved}
    gone = sorted(approved - still_approved)
    return f"{gone[0]} was overwritten or deleted after a person approved it" if gone else ""


def _suspicion(table: PendingTable) -> str:
    if _lost_on_the_way(table, table.reload.parts):
        return LOST_ON_THE_WAY
    if table.was_there_before and not is_first_load_again(table):
        return AGAIN
    ours = {part.file_id for part in table.versions}
    known = [*table.processed_parts, *(file for file in table.pending if file.is_load)]
    others = [part for part in known if part.file_id not in ours]
    if not table.in_table.keys and not table.in_table.is_emptied and _has_parts_of_other_loads(table, others):
        return "parts of it have the same content as parts of a load before it"
    if not table.in_table.keys and _may_be_the_load_before(table):
        return "nobody knows whether it is the load before it, as the content of that is gone from the staging bucket"
    if _has_grown_between_changes(table):
        return "its first parts are those of a load before it, and changes landed in between"
    in_table = replace(table.state, load_keys=table.in_table.keys)
    return suspicion(table.loads, in_table, table.versions, others, table.processed.has_same_content)


def _lost_on_the_way(table: PendingTable, parts: Sequence[LandedFile]) -> bool:
    return table.lost_on_the_way is not None and any(map(table.lost_on_the_way.has, parts))


def _may_be_the_load_before(table: PendingTable) -> bool:
    """Whether a version of another load's part makes this load older, although its content cannot be compared."""
    same, ours = table.processed.has_same_content, {part.file_id for part in table.reload.versions}
    before = [part for part in table.versions if part.file_id not in ours]
    pairs = ((part, other) for part in table.reload.parts for other in before if part.key == other.key)
    return any(part.size == other.size and same(part, other) is None for part, other in pairs)


def _has_grown_between_changes(table: PendingTable) -> bool:
    """Whether it is unknown if changes came before or during a load: a part of it was there before them."""
    load = table.reload
    versions = table.versions
    if table.in_table.keys:
        versions = versions_of(table.loads, (), table.processed.has_same_content)
    before = {part.key for part in versions if part.landing_order < load.landing_order}
    # without a load in the table, the same content may be another load: rows came and went meanwhile
    has_grown = bool(before) and not (table.in_table.keys and before >= {part.key for part in load.parts})
    return has_grown and _has_changes_between(table, versions[0].landing_order, load.landing_order)


def _has_changes_between(table: PendingTable, first: str, last: str) -> bool:
    pending = (table.late.first_landed(file) for file in table.changes)
    applied = (file.landing_order for file in table.applied_since(first))
    return not table.is_all or any(first <= moment < last for moment in (*pending, *applied))


def _has_parts_of_other_loads(table: PendingTable, others: Sequence[LandedFile]) -> bool:
    """Whether a part of a first load has the content of the same part in another load, like a copy."""
    return any(
        is_again(part, other, table.processed.has_same_content) for part in table.reload.parts for other in others
    )
