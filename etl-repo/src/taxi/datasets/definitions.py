"""Reads dataset files; one with any problem is refused whole, each problem named by file and place."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from taxi.datasets.consistency import between, suggestion, within
from taxi.datasets.dataset import Column, ColumnType, Dataset, FileFormat, Layout
from taxi.errors import DatasetError

Read = Callable[[object], Any]
"""Checks a value and gives it as the model holds it; its ValueError says how to write it."""


@functools.cache
def load_datasets() -> Mapping[str, Dataset]:
    """Read every dataset that this package holds, by name; a further one is a further file here.

    Raises:
        DatasetError: with every problem found, in any file.
    """
    folder = importlib.resources.files("taxi.datasets")
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".json")}
    return parse_datasets(texts)


def parse_datasets(texts: Mapping[str, str]) -> Mapping[str, Dataset]:
    """Turn the text of each dataset file into datasets that can live beside each other."""
    datasets: list[Dataset] = []
    problems: list[str] = []
    for file_name in sorted(texts):
        try:
            datasets.append(parse_dataset(file_name, texts[file_name]))
        except DatasetError as error:
            problems += error.problems
    problems += between(datasets)
    if problems:
        raise DatasetError(problems)
    return MappingProxyType({dataset.name: dataset for dataset in datasets})


def parse_dataset(file_name: str, text: str) -> Dataset:
    """Turn the text of one dataset file into a dataset; raises DatasetError with every problem found."""
    problems: list[str] = []
    fields = _fields(_document(file_name, text), file_name, _DATASET, problems)
    columns = {
        name: _fields(column, f"{file_name}: columns: {name}", _COLUMN, problems)
        for name, column in fields.pop("columns", {}).items()
    }
    layouts = [
        _fields(layout, _place(file_name, number, layout), _LAYOUT, problems, may_lack=_MAY_LACK)
        for number, layout in enumerate(fields.pop("layouts", []), start=1)
    ]
    if problems:
        raise DatasetError(problems)
    dataset = Dataset(
        **fields,
        columns={name: Column(**column) for name, column in columns.items()},
        layouts=tuple(Layout(**layout) for layout in layouts),
    )
    if problems := within(dataset, file_name):
        raise DatasetError(problems)
    return dataset


def _document(file_name: str, text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise DatasetError([f"{file_name}: is not JSON: {error}"]) from error
    except ValueError as error:
        raise DatasetError([f"{file_name}: {error}"]) from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON takes the last of two equal names, and nobody would see that the first is lost."""
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            message = f"one object names {name!r} twice; keep one"
            raise ValueError(message)
        named[name] = value
    return named


def _place(file_name: str, number: int, layout: object) -> str:
    name = layout.get("name", number) if isinstance(layout, dict) else number
    return f"{file_name}: layouts: {name}"


def _fields(
    value: object, place: str, known: Mapping[str, Read], problems: list[str], may_lack: Collection[str] = ()
) -> dict[str, Any]:
    if not isinstance(value, dict):
        problems.append(f"{place}: must be an object with {', '.join(known)}")
        return {}
    problems += [f"{place}: unknown field {name!r}; {suggestion(name, known)}" for name in value if name not in known]
    problems += [f"{place}: {name} is missing" for name in known if name not in value and name not in may_lack]
    fields: dict[str, Any] = {}
    for name in known:
        if name in value:
            try:
                fields[name] = known[name](value[name])
            except ValueError as error:
                problems.append(f"{place}: {name}: {error}")
    return fields


def _demand(is_right: bool, value: object, rule: str) -> None:
    if not is_right:
        message = f"must be {rule}, not {value!r}"
        raise ValueError(message)


def _matching(pattern: str, rule: str) -> Read:
    def read(value: object) -> object:
        _demand(isinstance(value, str) and re.fullmatch(pattern, value) is not None, value, rule)
        return value

    return read


def _one_of(kind: type[ColumnType] | type[FileFormat]) -> Read:
    def read(value: object) -> object:
        _demand(value in list(kind), value, f"one of {', '.join(kind)}")
        return kind(str(value))

    return read


def _truth(value: object) -> object:
    _demand(isinstance(value, bool), value, "true or false")
    return value


def _share(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _demand(is_number and 0 <= float(str(value)) <= 1, value, "a share from 0 to 1")
    return value


def _objects(value: object) -> object:
    _demand(isinstance(value, dict) and bool(value), value, "an object of at least one column")
    return value


def _list(value: object) -> object:
    _demand(isinstance(value, list) and bool(value), value, "a list of at least one layout")
    return value


def _sources(value: object) -> object:
    is_right = isinstance(value, dict) and value and all(isinstance(target, str) for target in value.values())
    _demand(bool(is_right), value, "an object that leads from source columns to conformed ones")
    return value


def _texts(value: object) -> tuple[str, ...]:
    _demand(isinstance(value, list) and all(isinstance(text, str) for text in value), value, "a list of texts")
    return tuple(value) if isinstance(value, list) else ()


_NAME = _matching("[a-z][a-z0-9_]{0,39}", "a name of a-z, 0-9 and _, at most 40 characters")
_DATASET: Mapping[str, Read] = {
    "name": _NAME,
    "prefix": _matching("([^/]+/)+", "a folder of the raw bucket that ends with / and does not begin with it"),
    "table": _NAME,
    "partition_by": _NAME,
    "malformed_share_limit": _share,
    "columns": _objects,
    "layouts": _list,
}
_COLUMN: Mapping[str, Read] = {"type": _one_of(ColumnType), "required": _truth}
_MAY_LACK = ("optional", "timestamp_formats")
_LAYOUT: Mapping[str, Read] = {
    "name": _NAME,
    "format": _one_of(FileFormat),
    "columns": _sources,
    "optional": lambda value: frozenset(_texts(value)),
    "timestamp_formats": _texts,
}
