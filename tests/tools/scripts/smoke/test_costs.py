"""A smoke test costs less than 5 $, also when every run takes as long as it waits."""

from __future__ import annotations

import pytest

from deployment_account.environments import Platform
from scripts.bootstrap.errors import BootstrapError
from scripts.smoke.costs import MOST_DOLLARS, Load, refuse_if_dear
from scripts.smoke.patience import DEFAULT_SECONDS
from scripts.smoke.plan import STEPS, load_of
from scripts.smoke.step import SmokeOptions

DPU_HOUR = 0.44
"""AWS's price of Glue in us-east-1."""
DEFAULTS = SmokeOptions()


def test_all_thirteen_steps_as_they_are_by_default_cost_less_than_5_dollars_in_every_environment(
    platform: Platform,
) -> None:
    load = load_of(STEPS, DEFAULTS, DEFAULT_SECONDS)
    for environment in platform.environments.values():
        assert load.likely(environment) < load.most(environment) < MOST_DOLLARS == 5
        refuse_if_dear(load, environment)


def test_the_bound_is_workers_times_minutes(platform: Platform) -> None:
    dev = platform.environments["dev"]
    workers = 34 * 2 + 4 * dev.taxi.workers
    glue = workers * DEFAULT_SECONDS / 3600 * DPU_HOUR
    assert load_of(STEPS, DEFAULTS, DEFAULT_SECONDS).most(dev) == pytest.approx(glue, abs=0.25)


@pytest.mark.parametrize(
    "load", [Load(60, 4, 2000, 420), Load(33, 4, 2000, 600), Load(33, 4, 100_000, 420), Load(0, 0, 250_000, 1)]
)
def test_options_that_could_cost_more_are_refused(load: Load, platform: Platform) -> None:
    with pytest.raises(BootstrapError, match="smaller --parallel, --keys or --patience"):
        refuse_if_dear(load, platform.environments["dev"])


def test_two_million_keys_are_beyond_the_bound(platform: Platform) -> None:
    with pytest.raises(BootstrapError):
        refuse_if_dear(Load(0, 0, 2_000_000, 1), platform.environments["dev"])


def test_steps_that_start_nothing_count_nothing() -> None:
    reading = [step for step in STEPS if step.number in {1, 2, 9, 10}]
    assert load_of(reading, DEFAULTS, DEFAULT_SECONDS) == Load(0, 0, 0, DEFAULT_SECONDS)
