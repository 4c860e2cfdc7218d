"""The roles that link the storage of two Regions: named, because bucket policies of both Regions know them by name."""

from __future__ import annotations

from dataclasses import dataclass

from deployment_account.environments import Environment
from deployment_account.names import Names


@dataclass(frozen=True)
class RegionRoles:
    """The names of the roles that concern the buckets of one Region."""

    linker: str
    """The role of the function that sets the replication of this Region's buckets."""
    replicator: str
    """The role by which S3 reads this Region's buckets and writes replicas into the partner's."""
    writer: str
    """The partner's replicator, which writes replicas into this Region's buckets."""

    @classmethod
    def of(cls, names: Names, environment: Environment) -> RegionRoles | None:
        """The roles of an environment in this Region; None if it has one Region only."""
        if environment.secondary is None:
            return None

        def replicator(region: str) -> str:
            return f"{names.prefix}replication-from-{region}"

        partner = partner_region(environment)
        linker = f"{names.prefix}region-link-{environment.region}"
        return cls(linker, replicator(environment.region), replicator(partner))


def partner_region(environment: Environment) -> str:
    """The other Region of an environment that has two."""
    if environment.secondary is None:
        raise ValueError(f"{environment.name} has no secondary Region")
    return environment.primary_region if environment.is_secondary else environment.secondary.region
