"""A dataset file is read whole or refused with every problem, named by file and place."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import taxi
from taxi.datasets.dataset import Column, ColumnType, FileFormat, dataset_of, format_of
from taxi.datasets.definitions import load_datasets, parse_datasets
from taxi.errors import DatasetError

from tests.unit.taxi.datasets.definitions import definition, layout, parsed


def problems_of(**fields: Any) -> list[str]:
    with pytest.raises(DatasetError) as refusal:
        parsed(**fields)
    return refusal.value.problems


def test_sound_file_becomes_a_dataset() -> None:
    dataset = parsed()
    assert (dataset.name, dataset.prefix, dataset.table) == ("trips", "rides/trips/", "trips_table")
    assert dataset.columns["tip"] == Column(ColumnType.DECIMAL, required=False)
    assert list(dataset.columns) == ["began_at", "fare", "tip"]
    assert dataset.layouts[0].required == ("Start", "Fare")
    assert dataset.layouts[0].timestamp_formats == ("yyyy-MM-dd",)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"prefx": "a/"}, "trips.json: unknown field 'prefx'; did you mean 'prefix'?"),
        ({"prefix": None}, "trips.json: prefix is missing"),
        ({"prefix": "trips"}, "trips.json: prefix: must be a folder of the raw bucket that ends with /"),
        ({"prefix": "/trips/"}, "trips.json: prefix: must be a folder of the raw bucket"),
        ({"name": "pending#x"}, "trips.json: name: must be a name of a-z, 0-9 and _, at most 40 characters, not 'pen"),
        ({"name": "rejected"}, "trips.json: name: 'rejected' is the audit table's word for what has no dataset"),
        ({"name": "rides"}, "trips.json: name: is 'rides', so the file must be rides.json"),
        ({"malformed_share_limit": 5}, "trips.json: malformed_share_limit: must be a share from 0 to 1, not 5"),
        ({"malformed_share_limit": True}, "trips.json: malformed_share_limit: must be a share from 0 to 1, not True"),
        ({"columns": []}, "trips.json: columns: must be an object of at least one column, not []"),
        ({"columns": {"fare": 1}}, "trips.json: columns: fare: must be an object with type, required"),
        (
            {"columns": {"fare": {"type": "money", "required": True}}},
            "columns: fare: type: must be one of integer, dec",
        ),
        ({"columns": {"fare": {"type": "text", "required": "Y"}}}, "columns: fare: required: must be true or false"),
        ({"layouts": []}, "trips.json: layouts: must be a list of at least one layout, not []"),
        ({"layouts": [1]}, "trips.json: layouts: 1: must be an object with name, format"),
        ({"layouts": [layout(format="xlsx")]}, "layouts: plain: format: must be one of csv, parquet, not 'xlsx'"),
        ({"layouts": [layout(columns={"Fare": 1})]}, "layouts: plain: columns: must be an object that leads from"),
        ({"layouts": [layout(optional="Tip")]}, "layouts: plain: optional: must be a list of texts, not 'Tip'"),
    ],
)
def test_malformed_field_is_refused_with_its_place(fields: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in problems_of(**fields)), problems_of(**fields)


def test_several_problems_are_told_at_once() -> None:
    problems = problems_of(prefix="x", table="Y", layouts=[layout(format="xlsx", nam="plain")])
    assert len(problems) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "trips.json: is not JSON: Expecting"),
        ('{"name": "a", "name": "b"}', "trips.json: one object names 'name' twice; keep one"),
        ("[]", "trips.json: must be an object with name, prefix"),
    ],
)
def test_text_that_is_no_object_of_fields_is_refused(text: str, problem: str) -> None:
    with pytest.raises(DatasetError, match=problem):
        parse_datasets({"trips.json": text})


def test_one_bad_file_is_told_together_with_the_others() -> None:
    with pytest.raises(DatasetError, match="2 problems in the datasets:\n  a.json: .*\n  b.json: "):
        parse_datasets({"a.json": "{", "b.json": "{", "trips.json": json.dumps(definition())})


def test_yellow_and_green_are_sound_and_a_third_is_one_more_file() -> None:
    assert set(load_datasets()) == {"green", "yellow"}
    known = {
        f"{name}.json": (Path(__file__).parents[4] / f"etl-repo/src/taxi/datasets/{name}.json")
        for name in load_datasets()
    }
    texts = {name: path.read_text() for name, path in known.items()}
    assert set(parse_datasets({**texts, "trips.json": json.dumps(definition())})) == {"green", "trips", "yellow"}


def test_datasets_are_read_from_the_zip_that_glue_puts_on_the_path(tmp_path: Path) -> None:
    source = Path(taxi.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "runtime.zip", "w") as archive:
        for file in (*source.glob("taxi/**/*"), *source.glob("lake/**/*.py")):
            archive.write(file, file.relative_to(source))
    program = (
        "from taxi.datasets.definitions import load_datasets as d; import taxi; print(*sorted(d()), taxi.__file__)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(tmp_path / "runtime.zip")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.stdout.startswith(f"green yellow {tmp_path}"), ran.stderr


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("nyc-taxi/yellow/a.csv", "yellow"),
        ("nyc-taxi/green/2021/01/ü %2B+.parquet", "green"),
        ("nyc-taxi/yellow/", "yellow"),
        ("nyc-taxi/yellow", None),
        ("nyc-taxi/yellowish/a.csv", None),
        ("x/nyc-taxi/yellow/a.csv", None),
    ],
)
def test_key_belongs_to_the_dataset_whose_whole_prefix_it_begins_with(key: str, name: str | None) -> None:
    found = dataset_of(key, load_datasets().values())
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("key", "file_format"),
    [
        ("a.csv", FileFormat.CSV),
        ("A.CSV", FileFormat.CSV),
        ("a.Parquet", FileFormat.PARQUET),
        ("a.csv.gz", None),
        ("csv", None),
    ],
)
def test_format_is_told_by_the_ending_of_the_key(key: str, file_format: FileFormat | None) -> None:
    assert format_of(key) is file_format
