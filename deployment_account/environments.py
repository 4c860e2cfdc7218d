"""The typed model of config/environments.json, the only place for accounts, Regions, networks and sizes."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002  pydantic evaluates the annotations

from deployment_account.errors import ConfigurationError
from deployment_account.networks import Ipv4Cidr, parse_cidr

AccountId = Annotated[str, Field(pattern=r"^\d{12}$", description="The 12 digits of an AWS account.")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", examples=["us-east-1"])]
Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Days = Annotated[int, Field(ge=1, le=3653)]

CLOUDWATCH_RETENTIONS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


def _known_to_cloudwatch(days: int) -> int:
    """Log groups accept certain retentions only; anything else would fail at deployment."""
    if days not in CLOUDWATCH_RETENTIONS:
        raise ValueError(f"CloudWatch keeps logs for one of {', '.join(map(str, CLOUDWATCH_RETENTIONS))} days")
    return days


class Model(BaseModel):
    """Configuration cannot be changed once loaded and has no fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DeploymentAccount(Model):
    """The account in which the pipelines of all environments run."""

    account: AccountId
    region: Region


class Retention(Model):
    """How long what is not live table data is kept."""

    log_days: Annotated[int, AfterValidator(_known_to_cloudwatch)] = 30
    """Log groups and access logs."""
    noncurrent_version_days: Days = 7
    """Overwritten or deleted object versions in the versioned buckets."""
    query_result_days: Days = 30
    """Athena results."""
    plan_days: Days = 14
    """What each run of the file processor was asked to do."""


class OdpSettings(Model):
    """Sizes and limits of the operational data processing framework in one environment."""

    glue_version: Literal["5.1"] = "5.1"
    """The one whose Spark and Hudi the tests run with."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=1000)] = 20
    """Runs of one Glue job that may overlap, over all cadences."""
    max_concurrent_batches: Annotated[int, Field(ge=1, le=40)] = 10
    """Batches of one cadence that are refreshed at a time; Step Functions runs some 40 iterations at most."""
    job_timeout_minutes: Annotated[int, Field(ge=1, le=2880)] = 60


class Environment(Model):
    """One target account and Region with everything that differs between environments."""

    name: SkipJsonSchema[Name]
    account: AccountId
    region: Region
    availability_zones: Annotated[tuple[str, ...], Field(min_length=1, max_length=6)]
    branch: Annotated[str, Field(min_length=1)]
    vpc_cidr: Ipv4Cidr
    nat_gateways: Annotated[int, Field(ge=0, le=6)] = 0
    retention: Retention = Retention()
    removal_policy: Literal["retain", "destroy"]
    """retain also turns deletion protection on: for environments whose data matters."""
    resource_prefix: Annotated[str, Field(pattern=r"^([a-z][a-z0-9]{0,14}_)?$")] = ""
    """Leads the names that people type, so that two lakes can share an account; ends with an underscore."""
    odp: OdpSettings = OdpSettings()
    notification_addresses: tuple[Email, ...] = ()
    tags: dict[str, str] = {}

    @property
    def is_protected(self) -> bool:
        """Whether what holds data survives its stack and refuses deletion."""
        return self.removal_policy == "retain"

    @model_validator(mode="after")
    def _zones_are_distinct_and_of_the_region(self) -> Environment:
        foreign = [zone for zone in self.availability_zones if zone[:-1] != self.region or not zone[-1].islower()]
        if foreign:
            raise ValueError(f"availability_zones: {', '.join(foreign)} not in {self.region}")
        if len(set(self.availability_zones)) != len(self.availability_zones):
            raise ValueError("availability_zones: a zone is named twice")
        return self

    @model_validator(mode="after")
    def _nat_gateways_fit_the_zones(self) -> Environment:
        if self.nat_gateways > len(self.availability_zones):
            raise ValueError(f"nat_gateways: {self.nat_gateways} for {len(self.availability_zones)} availability zones")
        return self


class Platform(Model):
    """One data lake platform: its deployment account and its environments."""

    schema_location: Annotated[str, Field(alias="$schema")] = ""
    """Where editors find the schema that completes this file."""
    name: Name
    deployment: DeploymentAccount
    environments: Annotated[dict[Name, Environment], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _environments_know_their_names(cls, raw: Any) -> Any:  # noqa: ANN401  what the JSON file holds is what is checked
        environments = raw.get("environments") if isinstance(raw, dict) else None
        if not isinstance(environments, dict):
            return raw
        named = {
            name: {"name": name, **environment} if isinstance(environment, dict) else environment
            for name, environment in environments.items()
        }
        return {**raw, "environments": named}

    @model_validator(mode="after")
    def _names_are_the_keys(self) -> Platform:
        for key, environment in self.environments.items():
            if environment.name != key:
                raise ValueError(f"environments.{key}.name: an environment is named by its key alone")
        return self

    @model_validator(mode="after")
    def _networks_do_not_overlap(self) -> Platform:
        for one, other in combinations(self.environments.values(), 2):
            if parse_cidr(one.vpc_cidr).overlaps(parse_cidr(other.vpc_cidr)):
                raise ValueError(
                    f"vpc_cidr of {one.name} ({one.vpc_cidr}) overlaps that of {other.name} ({other.vpc_cidr})"
                )
        return self


def load_platform(path: Path) -> Platform:
    """Read and check a platform's configuration; all that is wrong with it comes in one ConfigurationError."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(path, [error.strerror or str(error)]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(path, [f"byte {error.start}: not UTF-8"]) from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(path, [f"line {error.lineno}, column {error.colno}: {error.msg}"]) from error
    try:
        return Platform.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(path, [_problem(dict(detail)) for detail in error.errors()]) from error


def _problem(detail: dict[str, Any]) -> str:
    """One line: the place inside the file and what is wrong there."""
    place = ".".join(str(step) for step in detail["loc"])
    reason = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason
