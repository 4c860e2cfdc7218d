"""Each rule of the data has tests named after it, each defect of the reference framework one that names it."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
RULES, DEFECTS = range(1, 14), range(1, 21)


@pytest.fixture(scope="module")
def written() -> str:
    return "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("rule", RULES)
def test_rule_has_a_test_named_after_it(written: str, rule: int) -> None:
    assert re.search(rf"^def test_rule_{rule}_\w+\(", written, re.MULTILINE)


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_has_a_regression_test_that_names_it(written: str, defect: int) -> None:
    tests = re.findall(r'^def test_\w+\((?:[^()]|\([^()]*\))*\) -> None:\n    """(.*)', written, re.MULTILINE)
    assert [text for text in tests if re.match(rf"Defects? {defect}\b", text)]
