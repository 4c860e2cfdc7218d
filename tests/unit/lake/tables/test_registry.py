"""A format is a folder with the same file names as the others, and a line in the registry."""

from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import lake.tables
from lake.tables.registry import FORMATS, FormatName

FOLDER = Path(lake.tables.__path__[0])
SAME_NAMES = {"__init__", "capabilities", "catalog", "commits", "options", "schema", "table"}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_has_the_same_files(name: str) -> None:
    assert {path.stem for path in (FOLDER / name).glob("*.py")} >= SAME_NAMES


def test_manifests_may_name_every_format_of_the_registry_and_no_other() -> None:
    assert set(get_args(FormatName)) == FORMATS.keys()


def test_every_folder_is_of_a_format_in_the_registry_or_of_its_engine_without_a_jvm() -> None:
    assert {path.parent.name.removesuffix("_native") for path in FOLDER.glob("*/table.py")} == FORMATS.keys()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_opens_tables_by_the_module_that_it_names(name: str) -> None:
    assert callable(import_module(FORMATS[name].spark_module).open_table)
