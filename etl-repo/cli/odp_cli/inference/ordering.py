"""Finds the column that holds DMS's change sequence; without one, the order of files and rows decides, which is safe.

No other column is proposed, however well it is ordered: a business column may be equal, missing or run backwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from odp_cli.inference.column_names import is_named_change_sequence
from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import ColumnProfile
from odp_cli.inference.distinct_values import codes, combined, distinct
from odp_cli.inference.findings import Candidate, Finding, best
from odp_cli.inference.quantities import counted
from odp_cli.inference.sampled_table import FEW_ROWS, SampledTable, blanks, has_values, is_blank

MOST_CANDIDATES = 5

_SEQUENCE = r"^\d{35}$"
_KINDS = {ColumnKind.TEXT, ColumnKind.EMPTY}
_NOTHING_NEEDED = "the names of files and the order of their rows decide which change is the last"


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A column that may hold the change sequence, with its values in the change files."""

    column: ColumnProfile
    values: pa.Array | None
    meaning: str

    @property
    def decreases(self) -> int:
        """How often a change has a lower value than the one before it."""
        present = self.present
        if len(present) == 0:
            return 0
        following, previous = present.slice(1), present.slice(0, len(present) - 1)
        return int(pc.sum(pc.less(following, previous)).as_py() or 0)

    @property
    def present(self) -> pa.Array:
        """The values that are there; what is missing is an objection of its own."""
        if self.values is None:
            return pa.nulls(0)
        return self.values.filter(pc.invert(is_blank(self.column.kind, self.values)))


def ordering(sampled: SampledTable, key: Sequence[str]) -> Finding:
    """Propose the column that holds DMS's change sequence by its values or its name; none if there is none."""
    candidates = tuple(_candidate(sampled, key, each) for each in _sequences(sampled, key))
    proposed = best(candidates)
    if proposed is None:
        return Finding((), f"no column holds DMS's change sequence: {_NOTHING_NEEDED}", candidates[:MOST_CANDIDATES])
    others = (candidate for candidate in candidates if candidate is not proposed)
    return Finding(proposed.columns, proposed.evidence, (proposed, *others)[:MOST_CANDIDATES])


def _sequences(sampled: SampledTable, key: Sequence[str]) -> list[_Sequence]:
    """Those that values prove come first; a column by whose name nothing is proved yet follows."""
    by_values, by_name = [], []
    for column in sampled.columns:
        values = sampled.changes.column(column.name)
        if column.name in key:
            continue
        if sampled.proves_change_sequence(column):
            by_values.append(_Sequence(column, values, "values of 35 digits, as AR_H_CHANGE_SEQ has them"))
        elif is_named_change_sequence(column.name):
            by_name.append(_Sequence(column, values, "named like a change sequence"))
    return [*by_values, *by_name]


def _candidate(sampled: SampledTable, key: Sequence[str], found: _Sequence) -> Candidate:
    parts = [found.meaning, *_in_changes(sampled, found), _in_loads(sampled, found)]
    return Candidate(
        (found.column.name,),
        "; ".join(parts),
        tuple(_warnings(sampled, key, found)),
        tuple(_objections(sampled, found)),
    )


def _in_changes(sampled: SampledTable, found: _Sequence) -> Iterator[str]:
    if len(found.present) and not found.decreases:
        yield f"never decreases over {sampled.changes.count:,} sampled changes in file order"


def _in_loads(sampled: SampledTable, found: _Sequence) -> str:
    if not sampled.loads.count:
        return "no full load was read"
    values = sampled.loads.column(found.column.name)
    empty = blanks(found.column.kind, values) if values is not None else sampled.loads.count
    if empty == sampled.loads.count:
        return "empty, NULL or absent in the full load, which is normal: its rows are older than any change"
    return f"has a value in {sampled.loads.count - empty:,} of {sampled.loads.count:,} sampled full-load rows"


def _warnings(sampled: SampledTable, key: Sequence[str], found: _Sequence) -> Iterator[str]:
    if not sampled.change_files:
        yield "no change file has landed, so nothing shows yet that it orders changes"
        return
    if found.values is not None and 0 < sampled.changes.count < FEW_ROWS:
        yield f"only {counted(sampled.changes.count, 'change')} seen"
    if ties := _ties(sampled, key, found):
        yield f"{counted(ties, 'change')} with key and value of another one, which the order of files decides"


def _ties(sampled: SampledTable, key: Sequence[str], found: _Sequence) -> int:
    columns = [sampled.changes.column(name) for name in key]
    if not key or found.values is None or any(column is None for column in columns):
        return 0
    numbered = [codes(column) for column in (*columns, found.values)]
    return len(found.values) - distinct(combined(numbered)) if len(found.values) else 0


def _objections(sampled: SampledTable, found: _Sequence) -> Iterator[str]:
    name, changes = found.column.name, f"{sampled.changes.count:,}"
    if found.column.kind not in _KINDS:
        yield f"{name} is of type {found.column.kind}, while DMS's change sequence is text"
        return
    if not _is_of_digits(sampled, found):
        yield f"{name} holds other values than a change sequence of DMS, which is a text of 35 digits"
    if absence := sampled.absence(found.column):
        yield absence
    elif found.values is not None and (empty := blanks(found.column.kind, found.values)):
        yield f"{name} is empty in {empty:,} of {changes} sampled changes, so it does not say when they happened"
    if found.decreases:
        yield f"{name} decreases {counted(found.decreases, 'time')} over {changes} changes in file order"


def _is_of_digits(sampled: SampledTable, found: _Sequence) -> bool:
    kind = found.column.kind
    for values in (found.values, sampled.loads.column(found.column.name)):
        if values is None or not has_values(kind, values):
            continue
        present = values.filter(pc.invert(is_blank(kind, values)))
        if not pc.all(pc.match_substring_regex(present, _SEQUENCE)).as_py():
            return False
    return True
