"""Each rule of the data has tests named after it, each defect of the reference framework one that names it.

A name proves nothing, so each of these tests must also compare what the product did with something.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.what_tests_check import Function, TestModule, is_checking, read_modules

TESTS = Path(__file__).resolve().parents[1]
RULES, DEFECTS = range(1, 15), range(1, 33)
Named = list[tuple[TestModule, Function]]


@pytest.fixture(scope="module")
def written() -> Named:
    modules = read_modules(sorted(TESTS.rglob("*.py")))
    return [(module, test) for module in modules for test in module.tests()]


def rules_of(test: Function) -> set[int]:
    return {int(number) for number in re.findall(r"^test_rule_(\d+)_", test.name)}


def defects_of(test: Function) -> set[int]:
    """Defects that a docstring begins with: "Defect 3 …", "Defects 21 and 13 …"."""
    named = re.match(r"Defects? (\d+(?:(?:, | and )\d+)*)\b", ast.get_docstring(test) or "")
    return {int(number) for number in re.findall(r"\d+", named[1])} if named else set()


@pytest.mark.parametrize(
    ("numbers", "numbers_of"), [(RULES, rules_of), (DEFECTS, defects_of)], ids=["rules of the data", "defects"]
)
def test_each_has_a_test_that_says_so_and_each_test_that_says_so_checks_something(
    written: Named, numbers: range, numbers_of: Callable[[Function], set[int]]
) -> None:
    named = [(module, test) for module, test in written if numbers_of(test)]
    assert set(numbers) - {number for _, test in named for number in numbers_of(test)} == set()
    assert [test.name for module, test in named if not is_checking(module, test)] == []


HEADER = """
import pytest
from odp.loads import decide
from tests.unit.odp.worlds import assert_mended

EXPECTED = 3

@pytest.fixture
def lake():
    return decide(1)

def twice(value):
    return decide(value) * 2

def compared(value):
    assert value == EXPECTED

def only_called(value):
    return value
"""


def verdict(body: str) -> bool:
    module = ast.parse(f"{HEADER}\n{body}")
    *_, test = (node for node in module.body if isinstance(node, ast.FunctionDef))
    return is_checking(TestModule(module, frozenset({"lake"})), test)


@pytest.mark.parametrize(
    "body",
    [
        "def test_one(): pass",
        "def test_one(lake):\n    '''Defect 3 of the reference.'''",
        "def test_one(): assert True",
        "def test_one(lake): assert EXPECTED == 3",
        "def test_one(case): assert case == 3",
        "def test_one(): decide(3)",
        "def test_one(): only_called(decide(3))",
        "def test_one():\n    found = EXPECTED\n    assert found == 3",
        "def test_one():\n    with pytest.raises(ValueError): int('x')",
        "def test_one(): compared(3)",
    ],
)
def test_a_test_that_would_pass_without_the_product_is_found(body: str) -> None:
    assert not verdict(body)


@pytest.mark.parametrize(
    "body",
    [
        "def test_one(): assert decide(3) == 4",
        "def test_one(lake): assert lake.rows == 4",
        "def test_one(case): assert twice(case) == 4",
        "def test_one():\n    found = decide(3)\n    again = found + 1\n    assert again == 5",
        "def test_one(lake):\n    for each in lake.tables:\n        assert each.is_read",
        "def test_one():\n    with pytest.raises(ValueError, match='x'): decide(0)",
        "def test_one(): compared(decide(3))",
        "def test_one(): assert_mended(decide(3))",
        "def test_one():\n    with open('x') as file: rows = decide(file)\n    assert rows",
    ],
)
def test_a_test_that_compares_what_the_product_did_is_none_of_those(body: str) -> None:
    assert verdict(body)
