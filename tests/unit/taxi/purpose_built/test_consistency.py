"""Rules and datasets that do not fit each other are told before they are deployed, rule by rule."""

from dataclasses import replace

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.errors import RuleError
from taxi.purpose_built.rule import demand_consistent, load_rules, rule_of

from tests.unit.taxi.datasets.definitions import parsed

DATASETS = {"trips": parsed()}
SOUND = "-- datasets: trips\nSELECT CAST(began_at AS DATE) AS trip_date, SUM(fare) AS fares FROM trips GROUP BY 1"


def problems(*texts: str) -> list[str]:
    with pytest.raises(RuleError) as refusal:
        demand_consistent([rule_of(f"rule_{n}.sql", text) for n, text in enumerate(texts)], DATASETS)
    return refusal.value.problems


def test_rules_and_datasets_of_the_package_fit_each_other() -> None:
    demand_consistent(load_rules(), load_datasets())
    with pytest.raises(RuleError):
        demand_consistent(load_rules(), {})


def test_a_dataset_that_no_rule_names_needs_none_of_their_columns() -> None:
    without_fares = replace(parsed(), name="fhv", columns={"began_at": parsed().columns["began_at"]})
    demand_consistent([rule_of("a.sql", SOUND)], {**DATASETS, "fhv": without_fares})
    with pytest.raises(RuleError):
        demand_consistent(
            [rule_of("a.sql", SOUND.replace("datasets: trips", "datasets: trips, fhv"))],
            {**DATASETS, "fhv": without_fares},
        )


def test_a_column_that_a_named_dataset_lacks_is_told_with_the_rule_the_dataset_and_what_was_meant() -> None:
    assert problems(SOUND, SOUND.replace("fare", "fair")) == [
        "rule_1.sql: reads fair, but the dataset trips has no such column; did you mean 'fare'?"
    ]


def test_an_unknown_dataset_is_told() -> None:
    assert problems(SOUND.replace("datasets: trips", "datasets: trips, trip")) == [
        "rule_0.sql: names the unknown dataset 'trip'; did you mean 'trips'?"
    ]


def test_a_rule_without_datasets_is_told_how_to_name_them() -> None:
    (problem,) = problems(SOUND.split("\n", 1)[1])
    assert problem == "rule_0.sql: names no dataset; write a line such as '-- datasets: trips'"


def test_a_rule_that_gives_no_day_is_told() -> None:
    (problem,) = problems("-- datasets: trips\nSELECT fare FROM trips")
    assert problem == "rule_0.sql: gives no column trip_date, by which its table is partitioned"
