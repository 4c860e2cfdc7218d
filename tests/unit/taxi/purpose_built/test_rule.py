"""Rules are files of the package, known by their text, for the datasets that they name."""

import pytest
from taxi.datasets.dataset import load_datasets
from taxi.purpose_built.rule import Rule, load_rules, rule_of, rules_of


def test_every_rule_of_the_package_is_read_and_gives_a_row_its_day() -> None:
    rules = {rule.name: rule for rule in load_rules()}
    assert set(rules) == {"daily_demand", "fares", "hourly_demand", "payment_mix", "speeds", "tips"}
    assert all("trip_date" in rule.sql and "FROM trips" in rule.sql for rule in rules.values())


def test_another_text_is_another_version_and_the_same_text_the_same() -> None:
    assert Rule("a", "SELECT 1").version == Rule("b", "SELECT 1").version
    assert Rule("a", "SELECT 1").version != Rule("a", "SELECT 2").version


@pytest.mark.parametrize(
    ("line", "datasets"),
    [
        ("-- datasets: green, yellow\n", ("green", "yellow")),
        ("--Datasets:fhv\r\n", ("fhv",)),
        ("-- datasets: green,\n", ("green",)),
        ("-- datasets:\n", ()),
        ("", ()),
        ("-- which datasets: green\n", ()),
    ],
)
def test_a_rule_names_its_datasets_in_a_comment(line: str, datasets: tuple[str, ...]) -> None:
    assert rule_of("a.sql", f"{line}SELECT 1").datasets == datasets


def test_a_rule_for_one_more_dataset_is_the_same_version_for_the_others() -> None:
    for_one, for_both = (rule_of("a.sql", f"-- datasets: {names}\nSELECT 1") for names in ("green", "green, yellow"))
    assert for_one.version == for_both.version == Rule("a", "SELECT 1").version


def test_a_dataset_has_the_rules_that_name_it_alone() -> None:
    rules = [rule_of("a.sql", "-- datasets: green, fhv\n"), rule_of("b.sql", "-- datasets: fhv\n")]
    assert [[rule.name for rule in rules_of(name, rules)] for name in ("fhv", "green", "yellow")] == [
        ["a", "b"],
        ["a"],
        [],
    ]


def test_every_rule_of_the_package_names_datasets_of_the_package() -> None:
    assert {name for rule in load_rules() for name in rule.datasets} <= load_datasets().keys()
    assert all(rule.datasets for rule in load_rules())
