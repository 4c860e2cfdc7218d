"""Finds the declared layout that a file has; what fits none is refused with the columns that are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxi.datasets.consistency import suggestion
from taxi.datasets.dataset import Dataset, FileFormat, Layout
from taxi.errors import LayoutError

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class LayoutMatch:
    """The layout of one file, and for each conformed column the file's own name of its source.

    The names are written as in the file; None stands for a column that the file has no source of.
    """

    layout: Layout
    sources: Mapping[str, str | None]


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
    own_names = {_plain(name): name for name in names}
    if len(own_names) < len(names):
        raise LayoutError(_repeated(names))
    differences = [_difference(layout, own_names) for layout in dataset.layouts if layout.format is file_format]
    if not differences:
        message = f"{dataset.name} has no layout for {file_format} files"
        raise LayoutError(message)
    closest = min(differences, key=lambda difference: difference.size)
    if closest.size:
        raise LayoutError(_refusal(dataset, closest))
    sources = {target: own_names.get(_plain(source)) for source, target in closest.layout.columns.items()}
    return LayoutMatch(closest.layout, {name: sources.get(name) for name in dataset.columns})


def _plain(name: str) -> str:
    return name.removeprefix(_BYTE_ORDER_MARK).strip().lower()


def _difference(layout: Layout, own_names: Mapping[str, str]) -> _Difference:
    known = {_plain(source) for source in layout.columns}
    return _Difference(
        layout,
        missing=tuple(name for name in layout.required if _plain(name) not in own_names),
        unknown=tuple(own.strip() for plain, own in own_names.items() if plain not in known),
    )


def _repeated(names: Sequence[str]) -> str:
    counts = Counter(_plain(name) for name in names)
    return f"the file names columns twice: {', '.join(name or '(no name)' for name, n in counts.items() if n > 1)}"


def _refusal(dataset: Dataset, difference: _Difference) -> str:
    layout = difference.layout
    parts = []
    if difference.missing:
        parts.append(f"missing columns: {', '.join(difference.missing)}")
    if difference.unknown:
        described = (f"{name or '(no name)'} ({suggestion(name, layout.columns)})" for name in difference.unknown)
        parts.append(f"unknown columns: {', '.join(described)}")
    return (
        f"the file fits no {layout.format} layout of {dataset.name}; the closest is {layout.name}; {'; '.join(parts)}"
    )
