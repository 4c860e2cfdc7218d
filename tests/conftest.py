"""Keeps the tests that a pipeline runs independent of the configuration it deploys, and of the shell around them."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from tests.configuration import DEPLOYED, PROJECT, Guard

RUN_BY_PIPELINES = (PROJECT / "tests" / "unit", PROJECT / "tests" / "synth")
GUARD = Guard()
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is slow, and no test is timed
hypothesis.settings.load_profile("untimed")
os.environ.pop("AWS_ENDPOINT_URL", None)  # a rehearsed build has one; what a test mocks must not be asked of it


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Tests and their modules live until the end: to search them for garbage took 0.6 s each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)  # what a test leaves is small, and a search costs the same


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    is_run_by_pipelines = any(item.path.is_relative_to(folder) for folder in RUN_BY_PIPELINES)
    asks = "deployed_configuration" in getattr(item, "fixturenames", ())
    GUARD.is_allowed = asks or not is_run_by_pipelines
    try:
        return (yield)
    finally:
        GUARD.is_allowed = False


@pytest.fixture
def deployed_configuration() -> Path:
    """For tests that any valid configuration passes."""
    return DEPLOYED
