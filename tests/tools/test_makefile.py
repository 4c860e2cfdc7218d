"""`make test` runs every tier, and every folder of the embedded tier, which it names one by one."""

import re

import pytest

from tests.configuration import PROJECT

MAKEFILE = (PROJECT / "Makefile").read_text()
TESTS = PROJECT / "tests"


def folders_with_tests(within: str) -> set[str]:
    """Name the folders directly below one that hold tests at any depth."""
    return {file.relative_to(PROJECT / within).parts[0] for file in (PROJECT / within).glob("*/**/test_*.py")}


def test_every_folder_of_embedded_tests_is_run() -> None:
    named = re.search(r"^EMBEDDED := \$\(addprefix test-embedded-,(.+)\)$", MAKEFILE, re.M)
    assert named
    assert set(named[1].split()) == folders_with_tests("tests/embedded")


def recipe(target: str) -> str:
    found = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    assert found, f"no target {target}"
    return found[1]


@pytest.mark.parametrize("tier", sorted(folders_with_tests("tests") - {"embedded"}))
def test_every_tier_is_run_by_a_target_that_make_test_runs(tier: str) -> None:
    targets = re.findall(r"(?:test-[a-z-]+|\bcheck)(?= |$)", recipe("test"), re.M)
    assert [target for target in targets if re.search(rf" tests/{tier}( |/|$)", recipe(target), re.M)]
