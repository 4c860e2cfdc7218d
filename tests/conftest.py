"""Keeps the tests that a pipeline runs independent of the configuration it deploys, and of the shell around them."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.configuration import DEPLOYED, PROJECT, Guard

INDEPENDENT = tuple(PROJECT / "tests" / tier for tier in ("unit", "synth", "tools"))
"""The first two are run by the pipelines, which deploy any configuration; the third asks for none either."""
GUARD = Guard()
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is slow, and no test is timed
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)  # while one waits; all with the histories
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
    is_independent = any(item.path.is_relative_to(folder) for folder in INDEPENDENT)
    asks = "deployed_configuration" in getattr(item, "fixturenames", ())
    GUARD.is_allowed = asks or not is_independent
    try:
        return (yield)
    finally:
        GUARD.is_allowed = False


@pytest.fixture
def deployed_configuration() -> Path:
    """For tests that any valid configuration passes."""
    return DEPLOYED


@pytest.fixture(autouse=True)
def loggers_of_nobody() -> Iterator[None]:
    """A function's logger writes into the standard output of the test that called the function first."""
    yield
    if entry_point := sys.modules.get("lake.functions"):
        entry_point.function_logger.cache_clear()
        for package in entry_point.PACKAGES:
            logger = logging.getLogger(package)
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.NOTSET)
        for name in [name for name in logging.root.manager.loggerDict if "/" in name]:
            del logging.root.manager.loggerDict[name]
