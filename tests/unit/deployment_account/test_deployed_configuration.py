"""What must hold of config/environments.json whatever its owners write, and that no other test depends on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment_account.environments import load_platform
from tests.configuration import DEPLOYED, DEPLOYED_MANIFESTS, KNOWN


def test_it_is_valid(deployed_configuration: Path) -> None:
    assert load_platform(deployed_configuration).environments


def test_it_points_its_editors_to_the_schema(deployed_configuration: Path) -> None:
    reference = json.loads(deployed_configuration.read_text())["$schema"]
    assert (deployed_configuration.parent / reference).resolve() == DEPLOYED.with_name("environments.schema.json")


@pytest.mark.parametrize("file", [DEPLOYED, DEPLOYED_MANIFESTS / "batch_configs.json"])
def test_a_test_that_would_depend_on_what_is_deployed_is_stopped(file: Path) -> None:
    with pytest.raises(AssertionError, match="says something else in every deployed lake: use tests/"):
        file.read_text()


def test_the_configuration_that_tests_use_is_valid_too() -> None:
    assert load_platform(KNOWN).environments.keys() == {"dev", "test", "prod"}
