"""The columns of a table over all its files, and where the files differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from odp_cli.inference.column_names import NAMEABLE, is_metadata
from odp_cli.inference.column_types import ColumnKind, common_type, kind_of
from odp_cli.inference.footers import Footer, Footers
from odp_cli.inference.quantities import counted

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column as all files together have it."""

    name: str
    position: int
    data_type: pa.DataType | None
    """The type that holds the values of every file; None when there is none."""
    kind: ColumnKind
    load_nulls: int | None
    """By the footers that were read; a file without the column counts as NULL in each row, None is unknown."""
    change_nulls: int | None
    loads_without: int
    """Files that lack the column."""
    changes_without: int
    average_bytes: int
    is_metadata: bool
    is_nameable: bool
    """Whether a manifest can name it and Spark can tell it from the other columns."""


class DifferenceKind(StrEnum):
    """How the files of one table differ in a column."""

    ADDED = "added"
    DROPPED = "dropped"
    PARTIAL = "in some files"
    WIDENED = "widened"
    CONFLICTING = "conflicting"
    CASE = "differ only by case"


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """One difference between the files of a table and what follows from it."""

    column: str
    kind: DifferenceKind
    text: str


def column_profiles(loads: Footers, changes: Footers) -> tuple[ColumnProfile, ...]:
    """Bring the schemas of all files together, columns in the order in which they first occur."""
    footers = (*loads.read, *changes.read)
    names = list(dict.fromkeys(name for footer in footers for name in footer.names))
    ambiguous = {name for group in _case_variants(footers) for name in group}
    return tuple(
        _column_profile(name, position, loads, changes, is_ambiguous=name in ambiguous)
        for position, name in enumerate(names)
    )


def schema_differences(
    loads: Footers, changes: Footers, columns: Sequence[ColumnProfile]
) -> tuple[SchemaDifference, ...]:
    """List columns that files lack, columns with different types, and names that Spark cannot tell apart."""
    footers = (*loads.read, *changes.read)
    return (*_ambiguities(footers), *_presence(footers, columns), *_types(footers, columns))


def _column_profile(name: str, position: int, loads: Footers, changes: Footers, *, is_ambiguous: bool) -> ColumnProfile:
    footers = [footer for footer in (*loads.read, *changes.read) if name in footer.types]
    data_type = common_type(footer.types[name] for footer in footers)
    rows = sum(footer.rows for footer in footers)
    return ColumnProfile(
        name=name,
        position=position,
        data_type=data_type,
        kind=kind_of(data_type),
        load_nulls=_nulls(loads.read, name),
        change_nulls=_nulls(changes.read, name),
        loads_without=sum(name not in footer.types for footer in loads.read),
        changes_without=sum(name not in footer.types for footer in changes.read),
        average_bytes=sum(footer.bytes.get(name, 0) for footer in footers) // max(rows, 1),
        is_metadata=is_metadata(name),
        is_nameable=NAMEABLE.fullmatch(name) is not None and not is_ambiguous,
    )


def _nulls(footers: Iterable[Footer], column: str) -> int | None:
    counts = [footer.nulls.get(column) if column in footer.types else footer.rows for footer in footers]
    return None if None in counts else sum(count or 0 for count in counts)


def _case_variants(footers: Iterable[Footer]) -> list[tuple[str, ...]]:
    """Names that are one to Spark, within a file or across files; a name twice in one file is such a pair, too."""
    spellings: dict[str, Counter[str]] = {}
    for footer in footers:
        for name, times in Counter(footer.names).items():
            seen = spellings.setdefault(name.lower(), Counter())
            seen[name] = max(seen[name], times)
    return [tuple(seen.elements()) for seen in spellings.values() if seen.total() > 1]


def _ambiguities(footers: Iterable[Footer]) -> Iterator[SchemaDifference]:
    for names in _case_variants(footers):
        text = f"{' and '.join(names)} are one column to Spark; rename one by a transformation rule of the DMS task"
        yield SchemaDifference(names[0], DifferenceKind.CASE, text)


def _presence(footers: Sequence[Footer], columns: Iterable[ColumnProfile]) -> Iterator[SchemaDifference]:
    for column in columns:
        having = [column.name in footer.types for footer in footers]
        if all(having) or column.is_metadata:  # metadata comes with changes only, as a rule
            continue
        kind = {(False, True): DifferenceKind.ADDED, (True, False): DifferenceKind.DROPPED}
        names = [footer.file.name for footer, has in zip(footers, having, strict=True) if has]
        span = names[0] if len(names) == 1 else f"from {names[0]} to {names[-1]}"
        text = f"in {len(names)} of {len(having)} files, {span}; NULL in the others"
        yield SchemaDifference(column.name, kind.get((having[0], having[-1]), DifferenceKind.PARTIAL), text)


def _types(footers: Sequence[Footer], columns: Iterable[ColumnProfile]) -> Iterator[SchemaDifference]:
    for column in columns:
        types = Counter(str(footer.types[column.name]) for footer in footers if column.name in footer.types)
        if len(types) == 1:
            continue
        seen = ", ".join(f"{name} in {counted(count, 'file')}" for name, count in types.items())
        if column.data_type is None:
            advice = "no type holds both, so the lake refuses the change; align the types in the DMS task"
            yield SchemaDifference(column.name, DifferenceKind.CONFLICTING, f"{seen}: {advice}")
        else:
            yield SchemaDifference(column.name, DifferenceKind.WIDENED, f"{seen}: read as {column.data_type}")
