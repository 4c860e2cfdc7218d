"""How a VPC's range is divided over its zones."""

from __future__ import annotations

import pytest

from deployment_account.networks import parse_cidr, private_subnet_prefix


@pytest.mark.parametrize(
    ("cidr", "zones", "prefix"),
    [
        ("10.0.0.0/16", 1, 17),
        ("10.0.0.0/16", 2, 18),
        ("10.0.0.0/16", 3, 19),
        ("10.0.0.0/16", 4, 19),
        ("10.0.0.0/20", 6, 24),
    ],
)
def test_private_subnets_share_half_of_the_range(cidr: str, zones: int, prefix: int) -> None:
    assert private_subnet_prefix(cidr, zones) == prefix


@pytest.mark.parametrize("zones", range(1, 7))
@pytest.mark.parametrize("vpc_prefix", range(16, 21))
def test_all_zones_fit_with_room_left_for_public_subnets(vpc_prefix: int, zones: int) -> None:
    vpc = parse_cidr(f"10.0.0.0/{vpc_prefix}")
    taken = zones * 2 ** (32 - private_subnet_prefix(str(vpc), zones))
    assert taken <= vpc.num_addresses // 2
