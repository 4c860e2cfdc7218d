"""What a well-formed dataset must not contradict: itself, and the datasets beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from json_documents.suggestion import suggestion
from taxi.datasets.dataset import LOAD_COLUMNS, ColumnType, Dataset, FileFormat, Layout
from taxi.records import REJECTED


def within(dataset: Dataset, file_name: str) -> list[str]:
    """List where a dataset contradicts itself."""
    problems = [f"{file_name}: {problem}" for problem in _of_columns(dataset, file_name)]
    for layout in dataset.layouts:
        problems += [f"{file_name}: layouts: {layout.name}: {problem}" for problem in _of_layout(layout, dataset)]
    for first, second in combinations(dataset.layouts, 2):
        if _could_both_fit(first, second):
            problems.append(
                f"{file_name}: layouts: {first.name} and {second.name} could both fit one {first.format} file; "
                "make one of both, or declare a column that only one of them has and may not lack"
            )
    return problems


def between(datasets: Iterable[Dataset]) -> list[str]:
    """List where two datasets contradict each other."""
    problems: list[str] = []
    for first, second in combinations(datasets, 2):
        both = f"{first.name} and {second.name}"
        if first.name == second.name:
            problems.append(f"two datasets have the name {first.name}; keep one")
        if first.table == second.table:
            problems.append(f"{both}: both fill the table {first.table}; name another")
        if first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix):
            problems.append(f"{both}: one's prefix lies within the other's, so that a file would belong to both")
    return problems


def _of_columns(dataset: Dataset, file_name: str) -> Iterator[str]:
    if file_name != f"{dataset.name}.json":
        yield f"name: is {dataset.name!r}, so the file must be {dataset.name}.json"
    if dataset.name == REJECTED:
        yield f"name: {REJECTED!r} is the audit table's word for what has no dataset; name another"
    for name in dataset.columns:
        if name in LOAD_COLUMNS:
            yield f"columns: {name} is what every load adds itself; name another"
    partition_column = dataset.columns.get(dataset.partition_by)
    if partition_column is None:
        meant = suggestion(dataset.partition_by, dataset.columns)
        yield f"partition_by: unknown column {dataset.partition_by!r}; {meant}"
    elif partition_column.type is not ColumnType.TIMESTAMP or not partition_column.required:
        yield f"partition_by: {dataset.partition_by} must be a required timestamp, as every row needs a day"


def _of_layout(layout: Layout, dataset: Dataset) -> Iterator[str]:
    for source, target in layout.columns.items():
        if target not in dataset.columns:
            yield f"columns: {source}: unknown column {target!r}; {suggestion(target, dataset.columns)}"
    yield from _twice("source columns (in any case)", [source.lower() for source in layout.columns])
    yield from _twice("conformed columns", list(layout.columns.values()))
    for source in sorted(layout.optional - layout.columns.keys()):
        yield f"optional: unknown source column {source!r}; {suggestion(source, layout.columns)}"
    always_present = {layout.columns[source] for source in layout.required}
    for name, column in dataset.columns.items():
        if column.required and name not in always_present:
            yield f"the required column {name} needs a source column that is not optional"
    yield from _of_timestamps(layout, dataset)


def _of_timestamps(layout: Layout, dataset: Dataset) -> Iterator[str]:
    if layout.format is FileFormat.PARQUET and layout.timestamp_formats:
        yield "timestamp_formats: Parquet files hold timestamps themselves; remove the field"
    if layout.format is FileFormat.CSV and not layout.timestamp_formats:
        targets = (dataset.columns.get(target) for target in layout.columns.values())
        if any(column and column.type is ColumnType.TIMESTAMP for column in targets):
            yield "timestamp_formats is missing; say how the timestamps are written, e.g. yyyy-MM-dd HH:mm:ss"


def _twice(what: str, names: list[str]) -> Iterator[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        yield f"columns: names {what} twice: {', '.join(repeated)}"


def _could_both_fit(first: Layout, second: Layout) -> bool:
    def fits(required_by: Layout, known_to: Layout) -> bool:
        return {name.lower() for name in required_by.required} <= {name.lower() for name in known_to.columns}

    return first.format is second.format and fits(first, second) and fits(second, first)
