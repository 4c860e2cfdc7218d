"""Keeps the tests that a pipeline runs independent of what it deploys."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.configuration import DEPLOYED, DEPLOYED_MANIFESTS, PROJECT, Guard

RUN_BY_PIPELINES = (PROJECT / "tests" / "unit", PROJECT / "tests" / "synth")
FOR_WHATEVER_IS_VALID = {"deployed_configuration", "deployed_manifests"}
GUARD = Guard()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    is_run_by_pipelines = any(item.path.is_relative_to(folder) for folder in RUN_BY_PIPELINES)
    GUARD.is_allowed = not is_run_by_pipelines or bool(FOR_WHATEVER_IS_VALID & set(getattr(item, "fixturenames", ())))
    try:
        return (yield)
    finally:
        GUARD.is_allowed = False


@pytest.fixture
def deployed_configuration() -> Path:
    """For tests that any valid configuration passes."""
    return DEPLOYED


@pytest.fixture
def deployed_manifests() -> Path:
    """For tests that any valid manifests pass."""
    return DEPLOYED_MANIFESTS
