"""A small configuration that is valid, and others that differ from it where a test says so."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from deployment_account.errors import ConfigurationError

DEV: dict[str, Any] = {
    "account": "222222222222",
    "region": "us-east-1",
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "branch": "main",
    "vpc_cidr": "10.10.0.0/16",
    "removal_policy": "destroy",
}
CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
DEPLOYMENT: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "repository": {"provider": "connection", "name": "owner/lake", "connection_arn": CONNECTION},
}
PLATFORM: dict[str, Any] = {
    "name": "odp",
    "deployment": DEPLOYMENT,
    "environments": {"dev": DEV},
}


def platform_with(**dev: Any) -> dict[str, Any]:
    """A valid configuration but for these fields of its dev environment; None removes one."""
    changed = {name: value for name, value in {**DEV, **dev}.items() if value is not None}
    return {**copy.deepcopy(PLATFORM), "environments": {"dev": changed}}


def platform_deployed_by(**deployment: Any) -> dict[str, Any]:
    """A valid configuration but for these fields of its deployment account."""
    return {**PLATFORM, "deployment": {**DEPLOYMENT, **deployment}}


def written(tmp_path: Path, configuration: Any) -> Path:
    path = tmp_path / "environments.json"
    path.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    return path


def problems(tmp_path: Path, configuration: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        load_platform(written(tmp_path, configuration))
    assert str(tmp_path / "environments.json") in str(refused.value)
    return refused.value.problems
