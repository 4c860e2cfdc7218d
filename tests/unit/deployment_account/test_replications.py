"""What a replication by DMS may say, and each combination that DMS or the network would refuse, in one sentence."""

from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from deployment_account.replication_settings import Replication
from tests.unit.deployment_account.configurations import platform_with, problems, written

CERTIFICATE = "arn:aws:dms:us-east-1:222222222222:cert:AUTHORITY"
DATABASE: dict[str, Any] = {
    "engine": "mysql",
    "network": "10.50.0.0/24",
    "secret": "source-database",
    "certificate_arn": CERTIFICATE,
}
ZONES = ["us-east-1a", "us-east-1b"]


def replicated(name: str = "default", changes: dict[str, Any] | None = None, **environment: Any) -> dict[str, Any]:
    usual = {"interface_endpoints": ["secretsmanager"], "availability_zones": ZONES}
    sources = {name: {"replication": {**DATABASE, **(changes or {})}}}
    document = platform_with(**{**usual, "sources": sources, **environment})
    document["secrets"] = {"source-database": "How DMS signs in"}
    return document


@pytest.mark.parametrize(("engine", "port"), [("mysql", 3306), ("mariadb", 3306), ("postgres", 5432)])
def test_the_port_is_the_engines_unless_one_is_named(tmp_path: Path, engine: str, port: int) -> None:
    changes = {"engine": engine, **({"database": "shop"} if engine == "postgres" else {})}
    for named, expected in (({}, port), ({"port": 3307}, 3307)):
        dev = load_platform(written(tmp_path, replicated(changes={**changes, **named}))).environments["dev"]
        replication = dev.sources["default"].replication
        assert isinstance(replication, Replication)
        assert replication.server_port == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"certificate_arn": None}, "certificate_arn: verify-full checks the server's certificate"),
        ({"tls": "require"}, "tls: DMS knows require for postgres only"),
        ({"engine": "postgres"}, "database: name the database of the postgres server"),
        ({"database": "shop"}, "database: mysql has schemas only"),
        ({"network": "8.8.8.0/24"}, "is not a private range"),
        ({"network": "10.0.0.1/8"}, "10.0.0.1/8 is no network"),
        ({"capacity": {"minimum": 8, "maximum": 4}}, "minimum: 8 is more than maximum 4"),
        ({"capacity": {"maximum": 5}}, "maximum"),
        ({"kind": "instance", "capacity": {}}, "capacity: only serverless replications have it"),
        ({"instance": {}}, 'instance: only with "kind": "instance"'),
        ({"secret": "nobody-knows"}, "nobody-knows is none of the secrets (source-database)"),
        ({"file_seconds": 0}, "file_seconds"),
        ({"password": "x"}, "unknown field"),
    ],
)
def test_what_dms_would_refuse_is_refused_before(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    (problem,) = problems(tmp_path, replicated(changes=changes))
    assert reason in problem


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"interface_endpoints": []}, 'add "secretsmanager" to interface_endpoints, or nat_gateways'),
        ({"availability_zones": ["us-east-1a"]}, "DMS needs 2 availability zones"),
    ],
)
def test_a_network_in_which_dms_cannot_work_is_refused(
    tmp_path: Path, environment: dict[str, Any], reason: str
) -> None:
    (problem,) = problems(tmp_path, replicated(**environment))
    assert reason in problem


def test_a_nat_gateway_leads_to_the_secret_too(tmp_path: Path) -> None:
    document = replicated(interface_endpoints=[], nat_gateways=1)
    assert load_platform(written(tmp_path, document))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crm_eu", "letters, digits and single"),
        ("crm--eu", "single hyphens"),
        ("crm-", "single hyphens"),
        ("c" * 20, "of which DMS takes 31 characters"),
    ],
)
def test_a_source_that_dms_cannot_be_named_after_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (problem,) = problems(tmp_path, replicated(name))
    assert reason in problem
