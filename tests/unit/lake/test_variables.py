"""All variables of a function are checked at once, and written as they are read."""

from typing import Literal

import pytest
from pydantic import ValidationError

from lake.variables import JsonText, Names, Text, Variables, VariablesError


class Some(Variables):
    """One field of each kind."""

    some_table: Text
    days: int
    schedules: Literal["enabled", "disabled"]
    sources: JsonText
    cadences: Names
    regions: str = ""


GOOD = {
    "LAKE": "odp-dev",
    "SOME_TABLE": "t",
    "DAYS": "90",
    "SCHEDULES": "enabled",
    "SOURCES": '{"default":{}}',
    "CADENCES": "a,b",
}


def test_variables_are_read_with_their_types_and_others_are_left_alone() -> None:
    found = Some.read({**GOOD, "PATH": "/bin"})
    assert (found.lake, found.some_table, found.days, found.schedules) == ("odp-dev", "t", 90, "enabled")
    assert (found.sources, found.cadences) == ('{"default":{}}', frozenset({"a", "b"}))


def test_what_is_written_is_what_is_read() -> None:
    assert Some.read(GOOD).written() == GOOD


def test_what_is_as_by_default_is_not_written() -> None:
    assert Some.read({**GOOD, "REGIONS": ""}).written() == GOOD
    assert Some.read({**GOOD, "REGIONS": "{}"}).written() == {**GOOD, "REGIONS": "{}"}


def test_all_that_is_missing_or_wrong_is_named_at_once_and_no_value_is_shown() -> None:
    wrong = {"LAKE": "", "DAYS": "secret-days", "SCHEDULES": "secret-state", "SOURCES": "secret{", "CADENCES": "a"}
    with pytest.raises(VariablesError) as refused:
        Some.read(wrong)
    for name in ("LAKE", "SOME_TABLE", "DAYS", "SCHEDULES", "SOURCES"):
        assert f"{name}: " in str(refused.value)
    assert "CADENCES" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_nobody_changes_them() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Some.read(GOOD).days = 3  # type: ignore[misc]
