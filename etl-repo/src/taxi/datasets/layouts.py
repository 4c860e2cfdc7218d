"""Finds the declared layout that a file has; what fits none is refused with the columns that are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from json_documents.suggestion import suggestion

from lake.shown_text import quoted, shown
from taxi.datasets.dataset import Dataset, FileFormat, Layout
from taxi.errors import LayoutError

_BYTE_ORDER_MARK = "\ufeff"
_SHOWN, _LONGEST = 20, 100


@dataclass(frozen=True, slots=True)
class LayoutMatch:
    """The layout of one file, and for each conformed column the file's own name of its source.

    The names are written as in the file; None stands for a column that the file has no source of. A file may have a
    column in several cases (`airport_fee`, `Airport_fee`): `others` has the further names of such a conformed column.
    """

    layout: Layout
    sources: Mapping[str, str | None]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """All names under which the file has each conformed column; a column that it lacks is left out."""
        return {target: (own, *self.others.get(target, ())) for target, own in self.sources.items() if own is not None}


@dataclass(frozen=True, slots=True)
class _Difference:
    layout: Layout
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.missing) + len(self.unknown)


def match_layout(dataset: Dataset, file_format: FileFormat, names: Sequence[str]) -> LayoutMatch:
    """Find the layout of a file from its CSV header or its Parquet schema's names; case and blanks around do not count.

    Raises:
        LayoutError: with the missing and the unknown columns of the closest layout.
    """
    own_names: dict[str, tuple[str, ...]] = {}
    for name in names:
        own_names[_plain(name)] = (*own_names.get(_plain(name), ()), name)
    differences = [_difference(layout, own_names) for layout in dataset.layouts if layout.format is file_format]
    if not differences:
        message = f"{dataset.name} has no layout for {file_format} files"
        raise LayoutError(message)
    closest = min(differences, key=lambda difference: difference.size)
    if closest.size:
        raise LayoutError(_refusal(dataset, closest))
    found = {target: own_names.get(_plain(source), ()) for source, target in closest.layout.columns.items()}
    sources = {name: next(iter(found.get(name, ())), None) for name in dataset.columns}
    others = {name: own[1:] for name, own in found.items() if own[1:]}
    if refused := [name for name in others if dataset.columns[name].required or len({*found[name]}) < len(found[name])]:
        raise LayoutError(_repeated(found[name] for name in refused))
    return LayoutMatch(closest.layout, sources, others)


def _plain(name: str) -> str:
    return name.removeprefix(_BYTE_ORDER_MARK).strip().lower()


def _difference(layout: Layout, own_names: Mapping[str, tuple[str, ...]]) -> _Difference:
    known = {_plain(source) for source in layout.columns}
    return _Difference(
        layout,
        missing=tuple(name for name in layout.required if _plain(name) not in own_names),
        unknown=tuple(own[0].strip() for plain, own in own_names.items() if plain not in known),
    )


def _repeated(repeated: Iterable[tuple[str, ...]]) -> str:
    """Only a column that may lack its value can be one of several: any of them may have it."""
    described = (" and ".join(map(quoted, names[:_SHOWN])) for names in repeated)
    return f"the file names columns twice: {', '.join(described)}"


def _described(unknown: Sequence[str], layout: Layout) -> str:
    """A header may name thousands of columns, and each suggestion costs time."""
    described = [
        f"{shown(name) or '(no name)'} ({suggestion(name[:_LONGEST], layout.columns)})" for name in unknown[:_SHOWN]
    ]
    more = len(unknown) - _SHOWN
    return ", ".join([*described, *([f"… and {more:,} more"] if more > 0 else [])])


def _refusal(dataset: Dataset, difference: _Difference) -> str:
    layout = difference.layout
    parts = []
    if difference.missing:
        parts.append(f"missing columns: {', '.join(difference.missing)}")
    if difference.unknown:
        parts.append(f"unknown columns: {_described(difference.unknown, layout)}")
    return (
        f"the file fits no {layout.format} layout of {dataset.name}; the closest is {layout.name}; {'; '.join(parts)}"
    )
