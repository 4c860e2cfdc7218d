"""What a smoke test costs: an estimate before it begins, and a bound that it keeps while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from deployment_account.environments import Environment
from scripts.bootstrap.errors import BootstrapError
from scripts.idle_cost.pricing import PriceList

MOST_DOLLARS = 5.0
WORKERS = 2
"""Of each run of the smoke tables, of type G.1X, which is one DPU."""
LIKELY_MINUTES = 2.5
OTHERS = 0.10
"""Lambda, Step Functions, Athena and requests of all steps but the sweep."""
DOLLARS_PER_KEY = (2 * 0.005 + 0.0004) / 1000 + 24 * 0.625 / 1_000_000 + 1e-6
"""A landed object: PUT and DELETE requests, some 24 write units to register and to remove it, its event."""
TAXI_RUNS = 4
"""Two jobs load the trips, and two take them out again."""


@dataclass(frozen=True)
class Load:
    """How much the chosen steps start at most."""

    lake_runs: int
    taxi_runs: int
    keys: int
    wait_seconds: float

    def dollars(self, environment: Environment, minutes: float) -> float:
        """The cost if each run takes so many minutes; Glue bills one at least."""
        usd = PriceList.read().usd("glue_dpu_hour")
        taxi = self.taxi_runs * environment.taxi.workers * _dpus_of(environment.taxi.worker_type)
        dpus = self.lake_runs * WORKERS + taxi
        return dpus * max(minutes, 1) / 60 * usd + self.keys * DOLLARS_PER_KEY + OTHERS

    def likely(self, environment: Environment) -> float:
        """What to expect."""
        return self.dollars(environment, LIKELY_MINUTES)

    def most(self, environment: Environment) -> float:
        """What it costs if every run takes as long as the smoke test waits: then it stops the run."""
        return self.dollars(environment, self.wait_seconds / 60)


def _dpus_of(worker_type: str) -> int:
    """A G.2X has two DPUs; one of memory type R is counted twice, which is more than it costs."""
    return int(worker_type[2:-1]) * (2 if worker_type.startswith("R") else 1)


def refuse_if_dear(load: Load, environment: Environment) -> None:
    """Refuse options by which the test could cost more than 5 $.

    Raises:
        BootstrapError: it could.
    """
    most = load.most(environment)
    if most > MOST_DOLLARS:
        raise BootstrapError(
            f"with these options the smoke test may cost {most:.2f} $, more than {MOST_DOLLARS:.0f} $",
            mend="give a smaller --parallel, --keys or --patience, or fewer steps with --only",
        )
