"""Tells the columns in which DMS writes the values before an update (`add-before-image-columns`) from the source's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from lake.tables.columns import Columns, Unsupported
from odp.file_processor.apply.column_names import table_name
from odp.records import RawTableConfig

BEFORE_IMAGE = "BI_"
"""DMS's prefix; the column of the source follows."""

NONE, DETECT = "none", "detect"
"""What a table's configuration may say of its task: that it writes none, or nothing."""


def before_images(config: RawTableConfig, columns: Columns, known: Collection[str]) -> Mapping[str, str]:
    """Give the columns of a change file that have a before-image, by the names of the before-images.

    A file has before-images if it has that of a key column: DMS writes those of the key whatever its column filter is.
    Columns that the configuration names are the source's, and so are `known` ones of the table, in upper case.
    """
    if config.before_images == NONE:
        return {}
    spellings = {name.upper(): name for name in columns}
    found = {
        name: spellings[name.upper().removeprefix(BEFORE_IMAGE)]
        for name in _candidates(columns)
        if name not in _configured(config) and table_name(config, name).upper() not in known
    }
    return found if any(of in config.primary_key for of in found.values()) else {}


def _candidates(columns: Columns) -> list[str]:
    """Name the columns that are named as the before-image of another; of two that differ in case neither can be."""
    times = Counter(name.upper() for name in columns)
    return [
        name
        for name, type_ in columns.items()
        if name.upper().startswith(BEFORE_IMAGE)
        and times[name.upper().removeprefix(BEFORE_IMAGE)] == times[name.upper()] == 1
        and not isinstance(type_, Unsupported)
    ]


def _configured(config: RawTableConfig) -> tuple[str | None, ...]:
    return (*config.primary_key, config.partition_key, config.change_sequence)
