"""Rules are files of the package, known by their text."""

from taxi.purpose_built.rule import Rule, load_rules


def test_every_rule_of_the_package_is_read_and_gives_a_row_its_day() -> None:
    rules = {rule.name: rule for rule in load_rules()}
    assert set(rules) == {"daily_demand", "fares", "hourly_demand", "payment_mix", "speeds", "tips"}
    assert all("trip_date" in rule.sql and "FROM trips" in rule.sql for rule in rules.values())


def test_another_text_is_another_version_and_the_same_text_the_same() -> None:
    assert Rule("a", "SELECT 1").version == Rule("b", "SELECT 1").version
    assert Rule("a", "SELECT 1").version != Rule("a", "SELECT 2").version
