"""Reads the dataset files of this package; they were checked when it was deployed (etl_cdk.datasets)."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from taxi.datasets.dataset import Column, ColumnType, Dataset, FileFormat, Layout
from taxi.errors import DatasetError


@functools.cache
def load_datasets() -> Mapping[str, Dataset]:
    """Read every dataset that this package holds, by name; a further one is a further file here.

    Raises:
        DatasetError: a file is not what the deployment checks.
    """
    datasets = [read_dataset(file_name, text) for file_name, text in sorted(dataset_texts().items())]
    return MappingProxyType({dataset.name: dataset for dataset in datasets})


def dataset_texts() -> dict[str, str]:
    """Read the text of every dataset file, by file name."""
    folder = importlib.resources.files("taxi.datasets")
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".json")}


def read_dataset(file_name: str, text: str) -> Dataset:
    """Turn the text of a dataset file into a dataset; raises DatasetError if it cannot be one."""
    try:
        return dataset_from(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"{file_name}: cannot be read: {type(error).__name__}: {error}"
        way_out = "deploy the etl app, which checks datasets first and names what is wrong"
        raise DatasetError([f"{problem}; {way_out}"]) from error


def dataset_from(fields: Mapping[str, Any]) -> Dataset:
    """Build a dataset from the fields of a file that was checked."""
    return Dataset(
        name=fields["name"],
        prefix=fields["prefix"],
        table=fields["table"],
        columns={name: _column(column) for name, column in fields["columns"].items()},
        partition_by=fields["partition_by"],
        malformed_share_limit=fields["malformed_share_limit"],
        layouts=tuple(map(_layout, fields["layouts"])),
    )


def _column(fields: Mapping[str, Any]) -> Column:
    return Column(type=ColumnType(fields["type"]), required=fields["required"])


def _layout(fields: Mapping[str, Any]) -> Layout:
    return Layout(
        name=fields["name"],
        format=FileFormat(fields["format"]),
        columns=fields["columns"],
        optional=frozenset(fields.get("optional", ())),
        timestamp_formats=tuple(fields.get("timestamp_formats", ())),
    )
