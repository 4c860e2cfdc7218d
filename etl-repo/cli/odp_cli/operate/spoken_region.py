"""Which Region of an environment a command speaks of: the active one, unless a person names another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.ledger.regions import Epoch, Role
from odp_cli.errors import CommandError
from odp_cli.operate.regions import LakeRegion, RegionPair, UnreachableError

if TYPE_CHECKING:
    from deployment_account.environments import Environment, Platform


@dataclass(frozen=True, slots=True)
class SpokenRegion:
    """One Region of an environment, and its role if there are two."""

    environment: Environment
    role: Role | None = None
    without: str = ""
    """The other Region, if it does not answer: it may know a later epoch."""

    @property
    def place(self) -> str:
        """The environment, with its Region and role if it has two Regions."""
        if self.role is None:
            return self.environment.name
        doubt = f", as far as is known without {self.without}" if self.without else ""
        return f"{self.environment.name} in {self.environment.region} ({self.role.value}{doubt})"

    def as_json(self) -> dict[str, Any]:
        """The Region and its role for programs; nothing if there is one Region only."""
        return {} if self.role is None else {"region": self.environment.region, "role": self.role.value}


def spoken_region(platform: Platform, environment: Environment, profile: str | None, wanted: str) -> SpokenRegion:
    """Find the Region that a person named, or the active one.

    Raises:
        CommandError: the environment has no such Region, or the Region does not answer.
    """
    if environment.secondary is None:
        if wanted not in {"", environment.region}:
            raise CommandError(f"{environment.name} has no Region {wanted}", mend="leave --region out")
        return SpokenRegion(environment)
    pair = RegionPair.of(platform, environment, profile)
    answers = dict(zip((each.region for each in pair), pair.each(LakeRegion.newest_epoch), strict=True))
    epochs = [answer for answer in answers.values() if isinstance(answer, Epoch)]
    if not epochs:
        raise CommandError("; ".join(map(str, answers.values())), mend="look at your network, and at AWS's health page")
    newest = max(epochs, key=lambda epoch: epoch.number)
    chosen = pair.named(wanted or newest.active)
    if isinstance(answer := answers[chosen.region], UnreachableError):
        other = pair.other(chosen).region
        raise CommandError(
            f"{answer}; it is the {newest.role_of(chosen.region).value} Region",
            mend=f"odp region status shows both, and --region {other} asks the other one; if the Region is lost, read "
            "docs/secondary-region.md",
        )
    silent = next((region for region, each in answers.items() if isinstance(each, UnreachableError)), "")
    return SpokenRegion(chosen.environment, newest.role_of(chosen.region), silent)
