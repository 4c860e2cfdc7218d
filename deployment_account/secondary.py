"""The second Region of an environment, in which a lake of its own goes on when the first Region is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from deployment_account.model import Model, Region
from deployment_account.networks import MOST_ZONES, Ipv4Cidr, PrefixLists
from deployment_account.replication_settings import CertificateArn
from deployment_account.sources import SourceName, replications

if TYPE_CHECKING:
    from deployment_account.environments import Environment
    from deployment_account.names import Names
    from deployment_account.sources import Source

Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]
AvailabilityZones = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_ZONES)]


class Secondary(Model):
    """Where the second lake of an environment is, and how far it follows the first one."""

    region: Region
    availability_zones: AvailabilityZones
    """Of this Region. Each has its part of the network by its place in this list: add further ones at the end."""
    vpc_cidr: Ipv4Cidr
    """A network of its own: both Regions reach the source databases."""
    mode: Literal["cold", "warm"] = "cold"
    """cold keeps the files and makes tables after a failover; warm refreshes its tables all the time."""
    lag_minutes: Minutes = 15
    """How long replication may take: a warm standby applies no file that landed later than so many minutes ago."""
    refresh_minutes: Minutes = 30
    """The least time between two refreshes of a table by a warm standby."""
    prefix_lists: PrefixLists | None = None
    """AWS's prefix lists of S3 and DynamoDB in this Region, for private_network."""
    certificate_arns: Mapping[SourceName, CertificateArn] = {}
    """For each replication with a certificate_arn: the same certificate, as it is imported into this Region."""


def region_sources(sources: Mapping[str, Source], secondary: Secondary) -> dict[str, Source]:
    """The sources as DMS replicates them from the secondary: certificates are of one Region."""
    placed = dict(sources)
    for name, replication in replications(sources).items():
        certificate = secondary.certificate_arns.get(name)
        changed = replication.model_copy(update={"certificate_arn": certificate})
        placed[name] = sources[name].model_copy(update={"replication": changed})
    return placed


def refuse_unfit(secondary: Secondary, environment: Environment) -> None:
    """Raise ValueError where the secondary cannot stand beside its primary."""
    if secondary.region == environment.region:
        raise ValueError(f"secondary.region: {secondary.region} is the environment's own Region; name another one")
    with_certificate = {name for name, one in replications(environment.sources).items() if one.certificate_arn}
    for name in sorted(secondary.certificate_arns.keys() - with_certificate):
        raise ValueError(f"secondary.certificate_arns.{name}: no replication of that source has a certificate_arn")
    for name in sorted(with_certificate):
        arn = secondary.certificate_arns.get(name)
        if arn is None:
            raise ValueError(
                f"secondary.certificate_arns: certificates of DMS are of one Region; import that of {name} into "
                f"{secondary.region}, too, and write its ARN"
            )
        if arn.split(":")[3:5] != [secondary.region, environment.account]:
            raise ValueError(
                f"secondary.certificate_arns.{name}: not of account {environment.account} in {secondary.region}"
            )


def regions_json(names: Names, environment: Environment) -> str:
    """What the code of both Regions is told about them; empty where there is no secondary."""
    secondary = environment.secondary
    if secondary is None:
        return ""
    told = {
        "table": names.region_table,
        "primary": environment.primary_region,
        "secondary": secondary.region,
        "mode": secondary.mode,
        "lag_minutes": secondary.lag_minutes,
        "refresh_minutes": secondary.refresh_minutes,
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))
