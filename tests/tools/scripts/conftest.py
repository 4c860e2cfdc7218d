"""The scripts are tested with the environments of the tests."""

from __future__ import annotations

import pytest

from deployment_account.environments import Platform, load_platform
from tests.configuration import KNOWN


@pytest.fixture(scope="session")
def platform() -> Platform:
    return load_platform(KNOWN)
