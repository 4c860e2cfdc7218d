"""How a VPC's range is divided over its zones."""

from __future__ import annotations

import pytest

from deployment_account.networks import MOST_ZONES, SMALLEST_VPC, parse_cidr, private_subnet_prefix
from deployment_account.odp_settings import OdpSettings

RESERVED_BY_AWS = 5


@pytest.mark.parametrize("vpc_prefix", range(16, 21))
def test_all_zones_that_there_may_be_fit_with_room_left_for_public_subnets(vpc_prefix: int) -> None:
    vpc = parse_cidr(f"10.0.0.0/{vpc_prefix}")
    taken = MOST_ZONES * 2 ** (32 - private_subnet_prefix(str(vpc)))
    assert taken == vpc.num_addresses * 3 // 4


def test_a_subnet_of_the_smallest_network_has_room_for_the_largest_run_and_the_default_ones() -> None:
    """A run's workers are all in the subnet of its connection; each takes an address."""
    addresses = 2 ** (32 - private_subnet_prefix(f"10.0.0.0/{SMALLEST_VPC}")) - RESERVED_BY_AWS
    settings = OdpSettings()
    assert addresses >= settings.max_workers_per_run
    assert addresses >= settings.max_concurrent_batches * settings.cadence_defaults.glue_job_max_workers
