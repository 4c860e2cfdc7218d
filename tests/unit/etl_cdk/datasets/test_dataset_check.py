"""A dataset file is deployed whole or refused with every problem, named by file and place."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from etl_cdk.datasets import dataset_schema
from etl_cdk.datasets.dataset_check import check_dataset, check_datasets, checked_datasets
from taxi.datasets.dataset import dataset_texts, load_datasets
from taxi.errors import DatasetError

from tests.unit.taxi.datasets.definitions import definition, layout, parsed

SCHEMA = jsonschema.Draft202012Validator(json.loads(dataset_schema.render_schema()))


def problems_of(**fields: Any) -> list[str]:
    with pytest.raises(DatasetError) as refusal:
        check_dataset("trips.json", json.dumps(definition(**fields)))
    return refusal.value.problems


def test_what_is_checked_is_what_runs_read() -> None:
    assert check_dataset("trips.json", json.dumps(definition())) == parsed()
    assert checked_datasets() == load_datasets()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"prefx": "a/"}, "trips.json: unknown field 'prefx'; did you mean 'prefix'?"),
        ({"prefix": None}, "trips.json: prefix is missing"),
        (
            {"prefix": "trips"},
            "trips.json: prefix: 'trips' is no folder of the raw bucket; write one that ends with / and",
        ),
        ({"prefix": "/trips/"}, "trips.json: prefix: '/trips/' is no folder of the raw bucket"),
        ({"name": "pending#x"}, "trips.json: name: 'pending#x' is no name (a-z, 0-9 and _, at most 40 characters)"),
        ({"name": "rejected"}, "trips.json: name: 'rejected' is the audit table's word for what has no dataset"),
        ({"name": "rides"}, "trips.json: name: is 'rides', so the file must be rides.json"),
        ({"malformed_share_limit": 5}, "trips.json: malformed_share_limit: must be a number from 0 to 1, not 5"),
        ({"malformed_share_limit": True}, "trips.json: malformed_share_limit: must be a number from 0 to 1, not true"),
        ({"columns": []}, "trips.json: columns: must be an object, not []"),
        ({"columns": {"fare": 1}}, "trips.json: columns: fare: must be an object with type, required"),
        (
            {"columns": {"fare": {"type": "money", "required": True}}},
            "columns: fare: type: 'money' is not known; write integer or decimal or ",
        ),
        ({"columns": {"fare": {"type": "text", "required": "Y"}}}, "columns: fare: required: must be true or false"),
        ({"layouts": []}, "trips.json: layouts: must have at least 1 entry, not []"),
        ({"layouts": [1]}, "trips.json: layouts: entry 1: must be an object with name, format"),
        ({"layouts": [layout(format="xlsx")]}, "layouts: plain: format: 'xlsx' is not known; write csv or parquet"),
        (
            {"layouts": [layout(columns={"Fare": 1})]},
            'layouts: plain: columns: Fare: must be a text in quotes, "1", not 1',
        ),
        ({"layouts": [layout(optional="Tip")]}, "layouts: plain: optional: must be a list, not 'Tip'"),
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
        check_datasets({"trips.json": text})


def test_one_bad_file_is_told_together_with_the_others() -> None:
    with pytest.raises(DatasetError, match="2 problems in the datasets:\n  a.json: .*\n  b.json: "):
        check_datasets({"a.json": "{", "b.json": "{", "trips.json": json.dumps(definition())})


def test_a_further_dataset_is_one_more_file() -> None:
    found = check_datasets({**dataset_texts(), "trips.json": json.dumps(definition())})
    assert set(found) == {"green", "trips", "yellow"}


GOOD: dict[str, Any] = {
    "small": definition(),
    "schema": {"$schema": "./x.json", **definition()},
    "parquet": definition(layouts=[layout(format="parquet", timestamp_formats=None)]),
    "none refused": definition(malformed_share_limit=1),
    **{name: json.loads(text) for name, text in dataset_texts().items()},
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_schema_and_check_accept_the_same(document: dict[str, Any]) -> None:
    assert SCHEMA.is_valid(document)
    check_dataset(f"{document['name']}.json", json.dumps(document))


@pytest.mark.parametrize(
    "fields",
    [
        *({"prefx": "a/"}, {"prefix": None}, {"prefix": "trips"}, {"name": "pending#x"}, {"malformed_share_limit": 5}),
        *({"malformed_share_limit": "0.1"}, {"malformed_share_limit": True}, {"columns": []}, {"columns": {}}),
        *({"columns": {"Fare": {"type": "text", "required": True}}}, {"columns": {"fare": {"type": "text"}}}),
        *({"columns": {"fare": {"type": "money", "required": True}}}, {"layouts": []}, {"layouts": [1]}),
        *({"columns": {"fare": {"type": "text", "required": "true"}}}, {"layouts": [layout(format="xlsx")]}),
        *(
            {"layouts": [layout(columns={"Fare": 1})]},
            {"layouts": [layout(optional="Tip")]},
            {"layouts": [layout(a=1)]},
        ),
    ],
    ids=str,
)
def test_schema_and_check_refuse_the_same(fields: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(definition(**fields))
    assert problems_of(**fields)


def test_committed_schema_is_the_one_of_the_model() -> None:
    committed = Path(dataset_schema.__file__).with_name("dataset.schema.json")
    assert committed.read_text() == dataset_schema.render_schema(), "run `make schemas`"
