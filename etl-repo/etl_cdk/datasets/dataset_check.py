"""Checks dataset files; a set with any problem is refused whole, each problem named by file and place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from json_documents.problems import problems_of
from json_documents.text import read_json
from pydantic import ValidationError
from taxi.datasets.dataset import dataset_from, dataset_texts
from taxi.errors import DatasetError

from etl_cdk.datasets.consistency import between, within
from etl_cdk.datasets.dataset_model import DatasetFile

if TYPE_CHECKING:
    from taxi.datasets.dataset import Dataset

_LABELS = {"layouts": "name"}


def checked_datasets() -> Mapping[str, Dataset]:
    """Check every dataset that is deployed, and give them by name; raises DatasetError."""
    return check_datasets(dataset_texts())


def check_datasets(texts: Mapping[str, str]) -> Mapping[str, Dataset]:
    """Turn the text of each dataset file into datasets that can live beside each other.

    Raises:
        DatasetError: with every problem found, in any file.
    """
    datasets: list[Dataset] = []
    problems: list[str] = []
    for file_name in sorted(texts):
        try:
            datasets.append(check_dataset(file_name, texts[file_name]))
        except DatasetError as error:
            problems += error.problems
    problems += between(datasets)
    if problems:
        raise DatasetError(problems)
    return MappingProxyType({dataset.name: dataset for dataset in datasets})


def check_dataset(file_name: str, text: str) -> Dataset:
    """Turn the text of one dataset file into a dataset; raises DatasetError with every problem found."""
    try:
        written = read_json(text)
    except ValueError as error:
        raise DatasetError([f"{file_name}: {error}"]) from error
    try:
        DatasetFile.model_validate(written)
    except ValidationError as error:
        found = problems_of(error, DatasetFile)
        places = [": ".join([file_name, *problem.place(written, _LABELS)]) for problem in found]
        raise DatasetError(
            [f"{place}: {problem.reason}" for place, problem in zip(places, found, strict=True)]
        ) from error
    dataset = dataset_from(written)
    if problems := within(dataset, file_name):
        raise DatasetError(problems)
    return dataset
