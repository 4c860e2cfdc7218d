"""Editors, which read the schema, and the loader accept and refuse the same configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deployment_account.environments import load_platform
from deployment_account.environments_schema import render_schema
from deployment_account.errors import ConfigurationError
from tests.configuration import KNOWN
from tests.unit.deployment_account.configurations import PLATFORM, platform_deployed_by, platform_with, written
from tests.unit.deployment_account.test_replications import replicated

SCHEMA = jsonschema.Draft202012Validator(json.loads(render_schema()))
SECONDARY = {"region": "us-west-2", "availability_zones": ["us-west-2a"], "vpc_cidr": "10.40.0.0/16"}
GOOD: dict[str, Any] = {
    "known": json.loads(KNOWN.read_text()),
    "small": PLATFORM,
    "sizes": platform_with(odp={"max_workers_per_run": 5, "cadence_defaults": {"glue_job_worker_type": "R.1X"}}),
    "private": platform_with(private_network=True, retention={"log_days": 30}),
    "sources": platform_with(
        sources={name: {"folder": name, "replication": {"kind": "external"}} for name in ("default", "crm")}
    ),
    "replicated": replicated(),
    "approval": platform_with(approval=True),
    "secondary": platform_with(secondary=SECONDARY),
}
BAD: dict[str, Any] = {
    "list": [],
    "unknown": platform_with(acount="222222222222"),
    "missing": platform_with(branch=None),
    "number in quotes": platform_with(nat_gateways="1"),
    "truth as a number": platform_with(nat_gateways=True),
    "number as truth": platform_with(private_network=1),
    "text as truth": platform_with(approval="yes"),
    "account without quotes": platform_with(account=222222222222),
    "size in quotes": platform_with(odp={"max_workers_per_run": "5"}),
    "days in quotes": platform_with(retention={"landed_file_days": "90"}),
    "log days in quotes": platform_with(retention={"log_days": "30"}),
    "part of a number": platform_with(taxi={"workers": 2.5}),
    "out of bounds": platform_with(taxi={"workers": 1}),
    "text for a list": platform_with(dms_roles="dms-landing"),
    "removal": platform_with(removal_policy="keep"),
    "source of nobody": platform_with(sources={"crm": {"folder": "crm"}}),
    "source of null": platform_with(sources={"crm": {"replication": None}}),
    "external with a database": replicated(changes={"kind": "external"}),
    "replication of another kind": replicated(changes={"kind": "extern"}),
    "provider": platform_deployed_by(repository={"provider": "svn", "name": "a"}),
    "secondary mode": platform_with(secondary={**SECONDARY, "mode": "hot"}),
    "secondary lag": platform_with(secondary={**SECONDARY, "lag_minutes": 1441}),
    "other Region": platform_with(region="cn-north-1", availability_zones=["cn-north-1a"]),
}


def accepted(tmp_path: Path, configuration: Any) -> tuple[bool, bool]:
    try:
        load_platform(written(tmp_path, configuration))
    except ConfigurationError:
        return bool(SCHEMA.is_valid(configuration)), False
    return bool(SCHEMA.is_valid(configuration)), True


@pytest.mark.parametrize("configuration", GOOD.values(), ids=GOOD)
def test_schema_and_model_accept_the_same(tmp_path: Path, configuration: Any) -> None:
    assert accepted(tmp_path, configuration) == (True, True)


@pytest.mark.parametrize("configuration", BAD.values(), ids=BAD)
def test_schema_and_model_refuse_the_same(tmp_path: Path, configuration: Any) -> None:
    assert accepted(tmp_path, configuration) == (False, False)


def test_repeated_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="one object names 'name' twice; keep one"):
        load_platform(written(tmp_path, '{"name": "odp", "name": "lake"}'))
