"""An environment may have a second Region: the same environment, where everything that is of a Region is another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import Environment, load_platform
from deployment_account.names import Names, OdpTable, Shared
from deployment_account.secondary import regions_json
from tests.configuration import KNOWN
from tests.unit.deployment_account.configurations import DEV, PLATFORM, platform_with, problems, written

SECONDARY: dict[str, Any] = {
    "region": "us-west-2",
    "availability_zones": ["us-west-2a", "us-west-2b"],
    "vpc_cidr": "10.40.0.0/16",
}
EAST_CERTIFICATE = "arn:aws:dms:us-east-1:222222222222:cert:AUTHORITY"
WEST_CERTIFICATE = "arn:aws:dms:us-west-2:222222222222:cert:AUTHORITY"
REPLICATION = {
    "engine": "mysql",
    "network": "10.50.0.0/24",
    "secret": "source-database",
    "certificate_arn": EAST_CERTIFICATE,
}
SECRETS_BY_ENDPOINT: dict[str, Any] = {
    "sources": {"shop": {"replication": REPLICATION}},
    "interface_endpoints": ["secretsmanager"],
}
PREFIX_LISTS = {"s3": "pl-68a54001", "dynamodb": "pl-00a54069"}


def dev_with(secondary: dict[str, Any], **dev: Any) -> dict[str, Any]:
    """A platform whose environment dev has a secondary Region but for these fields; None removes one."""
    there = {name: value for name, value in {**SECONDARY, **secondary}.items() if value is not None}
    platform = platform_with(secondary=there, **dev)
    return {**platform, "secrets": {"source-database": "how DMS signs in"}}


def both(tmp_path: Path, configuration: dict[str, Any]) -> tuple[Environment, Environment]:
    primary, secondary = load_platform(written(tmp_path, configuration)).environments["dev"].regions
    return primary, secondary


def test_an_environment_without_a_secondary_is_in_one_region(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    assert [each.region for each in dev.regions] == ["us-east-1"]
    assert (dev.secondary, dev.is_secondary, dev.primary_region) == (None, False, "us-east-1")
    with pytest.raises(ValueError, match="dev in us-east-1 has no secondary Region"):
        dev.in_secondary()


def test_the_secondary_is_the_environment_in_another_region(tmp_path: Path) -> None:
    primary, secondary = both(tmp_path, dev_with({}))
    assert (primary.is_secondary, secondary.is_secondary) == (False, True)
    assert secondary.region == "us-west-2"
    assert secondary.availability_zones == ("us-west-2a", "us-west-2b")
    assert secondary.vpc_cidr == "10.40.0.0/16"
    assert (secondary.name, secondary.account, secondary.branch) == (primary.name, primary.account, primary.branch)
    assert secondary.primary_region == primary.primary_region == "us-east-1"
    assert secondary.secondary == primary.secondary


def test_the_secondary_has_no_secondary_of_its_own(tmp_path: Path) -> None:
    _, secondary = both(tmp_path, dev_with({}))
    assert secondary.regions == (secondary,)
    with pytest.raises(ValueError, match="dev in us-west-2 has no secondary Region"):
        secondary.in_secondary()


def test_a_standby_is_cold_unless_the_configuration_says_warm(tmp_path: Path) -> None:
    primary, _ = both(tmp_path, dev_with({}))
    there = primary.secondary
    assert there is not None
    assert (there.mode, there.lag_minutes, there.refresh_minutes) == ("cold", 15, 30)


def test_every_zone_of_the_secondary_has_a_nat_gateway_where_every_zone_of_the_primary_has(tmp_path: Path) -> None:
    zones = ["us-west-2a", "us-west-2b", "us-west-2c"]
    _, secondary = both(tmp_path, dev_with({"availability_zones": zones}, nat_gateways=2))
    assert secondary.nat_gateways == 3


@pytest.mark.parametrize("gateways", [0, 1])
def test_a_shared_nat_gateway_is_shared_in_the_secondary_too(tmp_path: Path, gateways: int) -> None:
    _, secondary = both(tmp_path, dev_with({}, nat_gateways=gateways))
    assert secondary.nat_gateways == gateways


def test_a_private_network_of_the_secondary_has_the_prefix_lists_of_its_region(tmp_path: Path) -> None:
    primary, secondary = both(tmp_path, dev_with({"prefix_lists": PREFIX_LISTS}, private_network=True))
    assert secondary.gateways is not None
    assert primary.gateways is not None
    assert (secondary.gateways.s3, secondary.gateways.dynamodb) == ("pl-68a54001", "pl-00a54069")
    assert primary.gateways.s3 == "pl-63a5400a"


def test_dms_checks_servers_by_the_certificate_of_its_region(tmp_path: Path) -> None:
    configuration = dev_with({"certificate_arns": {"shop": WEST_CERTIFICATE}}, **SECRETS_BY_ENDPOINT)
    certificates = [
        environment.sources["shop"].replication.certificate_arn  # type: ignore[union-attr]
        for environment in both(tmp_path, configuration)
    ]
    assert certificates == [EAST_CERTIFICATE, WEST_CERTIFICATE]


@pytest.mark.parametrize(
    ("secondary", "dev", "place", "reason"),
    [
        (
            {"region": "us-east-1", "availability_zones": ["us-east-1a"]},
            {},
            "environments.dev",
            "secondary.region: us-east-1 is the environment's own Region; name another one",
        ),
        ({"region": "cn-north-1"}, {}, "environments.dev.secondary.region", "cn-north-1 is not in the partition aws"),
        (
            {"availability_zones": ["us-east-1a"]},
            {},
            "environments.dev",
            "secondary: availability_zones: us-east-1a not in us-west-2",
        ),
        (
            {"availability_zones": ["us-west-2a", "us-west-2a"]},
            {},
            "environments.dev",
            "secondary: availability_zones: a zone is named twice",
        ),
        ({"availability_zones": []}, {}, "environments.dev.secondary.availability_zones", "at least 1"),
        ({"vpc_cidr": "10.40.0.0/24"}, {}, "environments.dev.secondary.vpc_cidr", "/24 is not between /16 and /20"),
        ({"vpc_cidr": None}, {}, "environments.dev.secondary", "vpc_cidr is missing"),
        ({"mode": "hot"}, {}, "environments.dev.secondary.mode", "'hot' is not known; write cold or warm"),
        ({"lag_minutes": 0}, {}, "environments.dev.secondary.lag_minutes", "a whole number from 1 to 1440"),
        ({"refresh_minutes": "30"}, {}, "environments.dev.secondary.refresh_minutes", "without quotes"),
        ({"is_secondary": True}, {}, "environments.dev.secondary", "unknown field 'is_secondary'"),
        (
            {},
            {"private_network": True},
            "environments.dev",
            "secondary: private_network: the addresses of S3 and DynamoDB in us-west-2 are not known here",
        ),
        (
            {"prefix_lists": PREFIX_LISTS},
            {},
            "environments.dev",
            "secondary: prefix_lists: only with private_network",
        ),
        (
            {"availability_zones": ["us-west-2a"], "certificate_arns": {"shop": WEST_CERTIFICATE}},
            SECRETS_BY_ENDPOINT,
            "environments.dev",
            "secondary: sources.shop.replication: DMS needs 2 availability zones; add one",
        ),
        (
            {},
            SECRETS_BY_ENDPOINT,
            "environments.dev",
            "secondary.certificate_arns: certificates of DMS are of one Region; import that of shop into us-west-2",
        ),
        (
            {"certificate_arns": {"shop": EAST_CERTIFICATE}},
            SECRETS_BY_ENDPOINT,
            "environments.dev",
            "secondary.certificate_arns.shop: not of account 222222222222 in us-west-2",
        ),
        (
            {"certificate_arns": {"shop": WEST_CERTIFICATE}},
            {},
            "environments.dev",
            "secondary.certificate_arns.shop: no replication of that source has a certificate_arn",
        ),
        (
            {},
            {
                "removal_policy": "retain",
                "backup": {"copy_to": "arn:aws:backup:us-west-2:222222222222:backup-vault:copies"},
            },
            "environments.dev",
            "secondary: backup.copy_to: the vault is in 222222222222 us-west-2, where the data is",
        ),
    ],
)
def test_what_cannot_be_a_secondary_is_refused_with_its_reason(
    tmp_path: Path, secondary: dict[str, Any], dev: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = problems(tmp_path, dev_with(secondary, **dev))
    assert problem.startswith(f"{place}: ")
    assert reason in problem


def test_what_is_wrong_with_the_primary_is_told_once(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, dev_with({}, nat_gateways=3))
    assert problem == "environments.dev: nat_gateways: 3 for 2 availability zones; write 0, 1 or 2"


@pytest.mark.parametrize("field", ["is_secondary", "_primary_region", "primary_region"])
def test_nobody_writes_into_the_file_which_region_an_environment_is_seen_from(tmp_path: Path, field: str) -> None:
    (problem,) = problems(tmp_path, platform_with(**{field: True}))
    assert f"unknown field {field!r}" in problem


def test_the_networks_of_both_regions_must_not_overlap(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, dev_with({"vpc_cidr": "10.10.16.0/20"}))
    assert problem == "vpc_cidr of dev (10.10.0.0/16) overlaps that of dev's secondary (10.10.16.0/20)"


def test_a_secondary_must_not_overlap_the_network_of_another_environment(tmp_path: Path) -> None:
    configuration = dev_with({})
    configuration["environments"]["test"] = {**DEV, "vpc_cidr": "10.40.0.0/20", "account": "333333333333"}
    (problem,) = problems(tmp_path, configuration)
    assert problem == "vpc_cidr of dev's secondary (10.40.0.0/16) overlaps that of test (10.40.0.0/20)"


def test_a_secondary_is_not_where_another_lake_of_its_account_is(tmp_path: Path) -> None:
    configuration = dev_with({})
    west = {"region": "us-west-2", "availability_zones": ["us-west-2a"], "vpc_cidr": "10.20.0.0/16"}
    configuration["environments"]["test"] = {**DEV, **west}
    (problem,) = problems(tmp_path, configuration)
    assert problem == "dev's secondary and test are both in 222222222222 us-west-2: give one a resource_prefix"


def names_in_both(tmp_path: Path) -> tuple[Names, Names]:
    platform = load_platform(written(tmp_path, dev_with({})))
    primary, secondary = platform.environments["dev"].regions
    return Names.of(platform, primary), Names.of(platform, secondary)


def test_a_secondary_changes_no_name_of_the_primary(tmp_path: Path) -> None:
    alone = load_platform(written(tmp_path, PLATFORM))
    primary, _ = names_in_both(tmp_path)
    assert primary == Names.of(alone, alone.environments["dev"])


def test_names_of_one_region_are_the_same_in_both(tmp_path: Path) -> None:
    primary, secondary = names_in_both(tmp_path)
    assert _regional(primary) == _regional(secondary)


def _regional(names: Names) -> list[str]:
    return [
        names.parameter(Shared.STAGING_BUCKET),
        names.stage("etl"),
        names.prefix,
        names.lake,
        names.table(OdpTable.FILE_TRACKER),
        names.region_table,
        names.data_key_alias,
        names.state_machine,
        names.replication("shop"),
        names.qualifier,
        names.backup_vault,
    ]


def test_names_that_aws_holds_once_end_with_the_region_in_the_secondary(tmp_path: Path) -> None:
    _, secondary = names_in_both(tmp_path)
    assert secondary.access_log_bucket("222222222222") == "odp-dev-access-logs-222222222222-us-west-2"
    assert secondary.reader_role == "odp-dev-reader-us-west-2"
    assert secondary.replication_role("shop") == "odp-dev-dms-shop-us-west-2"
    assert secondary.replication_operator == "odp-dev-replication-operator-us-west-2"
    assert secondary.stage_id("etl") == "odp-dev-etl-us-west-2"


def test_the_table_of_regions_and_the_key_have_names_of_the_lake() -> None:
    assert Names("odp", "dev").region_table == "odpf_region"
    assert Names("odp", "dev", "second_").region_table == "second_odpf_region"
    assert Names("odp", "dev").data_key_alias == "alias/odp-dev-data"


def test_the_longest_names_are_names_of_roles_and_buckets() -> None:
    longest = Names("p" * 11, "e" * 11, secondary_region="ap-southeast-3")
    roles = [longest.reader_role, longest.replication_role("s"), longest.replication_operator]
    assert max(map(len, roles)) <= 64
    assert len(longest.access_log_bucket("222222222222")) <= 63


def test_code_is_told_of_both_regions_the_same_in_both(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, dev_with({"mode": "warm", "refresh_minutes": 60})))
    primary, secondary = platform.environments["dev"].regions
    told = {regions_json(Names.of(platform, environment), environment) for environment in (primary, secondary)}
    (text,) = told
    assert json.loads(text) == {
        "table": "odpf_region",
        "primary": "us-east-1",
        "secondary": "us-west-2",
        "mode": "warm",
        "lag_minutes": 15,
        "refresh_minutes": 60,
    }


def test_code_of_an_environment_in_one_region_is_told_of_none() -> None:
    platform = load_platform(KNOWN)
    for environment in platform.environments.values():
        assert regions_json(Names.of(platform, environment), environment) == ""
