"""The typed model of config/environments.json, the only place for accounts, Regions, networks and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations
from pathlib import Path
from typing import Annotated, Any, Literal

from json_documents.problems import problems_of
from json_documents.text import read_json
from pydantic import AfterValidator, Field, PrivateAttr, StrictBool, StrictInt, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002  pydantic evaluates the annotations

from deployment_account.backup import BackupSettings
from deployment_account.dms_roles import DmsRoles
from deployment_account.errors import ConfigurationError
from deployment_account.model import AccountId, Days, Email, Model, Name, PlatformName, Region
from deployment_account.networks import (
    KNOWN_PREFIX_LISTS,
    SECRETS,
    InterfaceEndpoint,
    Ipv4Cidr,
    PrefixLists,
    parse_cidr,
)
from deployment_account.odp_settings import OdpSettings
from deployment_account.qualifiers import qualifier_of
from deployment_account.readers import Readers, of_a_lake, of_an_example, of_others
from deployment_account.replication_settings import FEWEST_ZONES, LONGEST_IDENTIFIER, SecretName
from deployment_account.repository import ConnectedRepository, Repository
from deployment_account.retention import Retention, known_to_cloudwatch
from deployment_account.secondary import AvailabilityZones, Secondary, refuse_unfit, region_sources
from deployment_account.sources import DEFAULT_SOURCES, Sources, replications
from deployment_account.taxi_settings import TaxiSettings

STACK_NAME_IN_A_ROLE_NAME = 24
"""Of a stack's name CloudFormation keeps that much when it makes up the name of a role."""
BuildImage = Annotated[str, Field(pattern=r"^aws/codebuild/standard:7\.0(-\d{2}\.\d{2}\.\d{2})?$")]
CatalogName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,38}\*?$", examples=["sales_*"])]


class DeploymentAccount(Model):
    """An account in which pipelines run."""

    account: AccountId
    region: Region
    repository: Repository
    log_days: Annotated[StrictInt, AfterValidator(known_to_cloudwatch)] = 90
    """Logs of builds."""
    artifact_days: Days = 30
    """Source code and templates that passed through a pipeline."""
    build_image: BuildImage = "aws/codebuild/standard:7.0"
    """Where builds run; AWS renews the image of this name, and keeps one that ends in its date as it is."""
    notification_addresses: tuple[Email, ...] = ()
    """Told about every pipeline, besides the addresses of its environments."""

    @model_validator(mode="after")
    def _connection_is_of_this_account(self) -> DeploymentAccount:
        if (
            isinstance(self.repository, ConnectedRepository)
            and f":{self.account}:" not in self.repository.connection_arn
        ):
            raise ValueError(f"repository.connection_arn: not a connection of account {self.account}")
        return self


class Environment(Model):
    """One target account and Region with everything that differs between environments."""

    name: SkipJsonSchema[Name]
    account: AccountId
    region: Region
    availability_zones: AvailabilityZones
    """Each has its part of the network by its place in this list: add further ones at the end."""
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    """A push to it starts this environment's pipelines, and no push to another branch does."""
    deployment: DeploymentAccount | None = None
    """Where this environment's pipelines run, if not where those of the platform do; the wall that companies want."""
    approval: StrictBool | None = None
    """Whether a person approves before anything changes; always where removal_policy is retain."""
    vpc_cidr: Ipv4Cidr
    nat_gateways: Annotated[int, Field(strict=True, ge=0, le=6)] = 0
    """None, one, or one for each zone."""
    interface_endpoints: tuple[InterfaceEndpoint, ...] = ()
    """Services that jobs in the VPC reach without the internet; each costs by the hour and zone."""
    private_network: StrictBool = False
    """Whether jobs and functions run in the private subnets and reach AWS by endpoints alone.

    Their roles then work nowhere else. The endpoints that they need are made; each costs by the hour and zone.
    """
    prefix_lists: PrefixLists | None = None
    """AWS's prefix lists of S3 and DynamoDB in this Region, for private_network; those of us-east-1 are known."""
    secondary: Secondary | None = None
    """A second Region, in which a lake of its own goes on when the first Region is lost."""
    retention: Retention = Retention()
    removal_policy: Literal["retain", "destroy"]
    """retain also turns deletion protection on: for environments whose data matters."""
    organization: Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$", examples=["o-a1b2c3d4e5"])] | None = None
    """The AWS organization of the account: buckets, keys and VPC endpoints then serve nobody of another."""
    backup: BackupSettings | None = None
    """How a protected environment is backed up, if not as by default; others are not."""
    resource_prefix: Annotated[str, Field(pattern=r"^([a-z][a-z0-9]{0,14}_)?$")] = ""
    """Leads the names that people type, so that two lakes can share an account; ends with an underscore."""
    catalog_names: Annotated[tuple[CatalogName, ...], Field(min_length=1, max_length=4)] = ("odpf_*",)
    """Patterns, without resource_prefix, of the names that manifests give to databases and Glue jobs.

    CloudFormation may make and delete no others: an account may hold databases of other teams. The jobs may write to no
    others. Policies name these patterns, not each database: IAM bounds the length of a policy.
    """
    sources: Sources = DEFAULT_SOURCES
    """Source databases, by name, whose tables are told apart; tables of the source default are named schema.table."""
    dms_roles: DmsRoles = ()
    """Roles of DMS in this account that may delete landed files where removal_policy is retain; DMS reloads by that."""
    readers: Readers | None = None
    """Who may query the tables by a role that only reads; without them there is no such role."""
    odp: OdpSettings = OdpSettings()
    taxi: TaxiSettings = TaxiSettings()
    notification_addresses: tuple[Email, ...] = ()
    tags: Mapping[str, str] = {}
    _primary_region: str | None = PrivateAttr(default=None)

    @property
    def is_secondary(self) -> bool:
        """Whether this is an environment as its secondary Region sees it."""
        return self._primary_region is not None

    @property
    def primary_region(self) -> str:
        """The Region that is active until a failover; the environment's own one if it has no secondary."""
        return self._primary_region or self.region

    @property
    def regions(self) -> tuple[Environment, ...]:
        """The environment in its primary Region and, if it has one, in its secondary Region."""
        if self.secondary is None or self.is_secondary:
            return (self,)
        return (self, self.in_secondary())

    def in_secondary(self) -> Environment:
        """The environment in its secondary Region; what differs from the primary is what `secondary` says.

        All rules for an environment hold there, too: ValueError where one does not.
        """
        there = self.secondary
        if there is None or self.is_secondary:
            raise ValueError(f"{self.name} in {self.region} has no secondary Region")
        one_nat_gateway_per_zone = self.nat_gateways == len(self.availability_zones) > 1
        changed = {
            "region": there.region,
            "availability_zones": there.availability_zones,
            "vpc_cidr": there.vpc_cidr,
            "nat_gateways": len(there.availability_zones) if one_nat_gateway_per_zone else self.nat_gateways,
            "prefix_lists": there.prefix_lists,
            "sources": region_sources(self.sources, there),
            "secondary": None,
        }
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            checked = Environment.model_validate({**fields, **changed})
        except ValidationError as error:
            raise ValueError(f"secondary: {problems_of(error, Environment)[0].reason}") from error
        found = checked.model_copy(update={"secondary": there})
        found._primary_region = self.region  # noqa: SLF001  no field, so that no JSON can set it
        return found

    @property
    def gateways(self) -> PrefixLists | None:
        """The addresses of S3 and DynamoDB, which jobs and functions in the private subnets reach."""
        return self.prefix_lists or KNOWN_PREFIX_LISTS.get(self.region)

    @property
    def has_secrets_endpoint(self) -> bool:
        """Whether an endpoint in the VPC leads to Secrets Manager."""
        return SECRETS in self.interface_endpoints

    @property
    def is_protected(self) -> bool:
        """Whether what holds data survives its stack and refuses deletion."""
        return self.removal_policy == "retain"

    @property
    def backups(self) -> BackupSettings | None:
        """How the data is backed up; None where it does not matter."""
        return (self.backup or BackupSettings()) if self.is_protected else None

    @property
    def waits_for_approval(self) -> bool:
        """Whether a person approves before anything changes."""
        return self.is_protected or self.approval is True

    @model_validator(mode="after")
    def _zones_are_distinct_and_of_the_region(self) -> Environment:
        foreign = [zone for zone in self.availability_zones if zone[:-1] != self.region or not zone[-1].islower()]
        if foreign:
            raise ValueError(f"availability_zones: {', '.join(foreign)} not in {self.region}")
        if len(set(self.availability_zones)) != len(self.availability_zones):
            raise ValueError("availability_zones: a zone is named twice")
        return self

    @model_validator(mode="after")
    def _private_networks_know_where_s3_and_dynamodb_are(self) -> Environment:
        if self.prefix_lists and not self.private_network:
            raise ValueError("prefix_lists: only with private_network")
        if self.private_network and not self.gateways:
            raise ValueError(
                f"private_network: the addresses of S3 and DynamoDB in {self.region} are not known here; write their "
                f"IDs into prefix_lists (aws ec2 describe-managed-prefix-lists --region {self.region} shows them as "
                f"com.amazonaws.{self.region}.s3 and .dynamodb)"
            )
        return self

    @model_validator(mode="after")
    def _replications_reach_secrets_from_two_zones(self) -> Environment:
        for name in replications(self.sources):
            if len(self.availability_zones) < FEWEST_ZONES:
                raise ValueError(f"sources.{name}.replication: DMS needs {FEWEST_ZONES} availability zones; add one")
            if not (self.nat_gateways or self.has_secrets_endpoint):
                raise ValueError(
                    f"sources.{name}.replication: nothing leads DMS from the private subnets to the secret; "
                    'add "secretsmanager" to interface_endpoints, or nat_gateways'
                )
        return self

    @model_validator(mode="after")
    def _backups_are_of_protected_data_and_copied_away(self) -> Environment:
        if self.backup is None:
            return self
        if not self.is_protected:
            raise ValueError("backup: only where removal_policy is retain; data that may be destroyed is not backed up")
        if self.backup.copy_place == (self.account, self.region):
            raise ValueError(
                f"backup.copy_to: the vault is in {self.account} {self.region}, where the data is; "
                "name one of another account or Region"
            )
        return self

    @model_validator(mode="after")
    def _protected_data_waits_for_approval(self) -> Environment:
        if self.is_protected and self.approval is False:
            raise ValueError(
                "approval: false, but removal_policy retain: what protects data changes after an approval only; "
                "leave approval out, or write removal_policy destroy"
            )
        return self

    @model_validator(mode="after")
    def _nat_gateways_fit_the_zones(self) -> Environment:
        if self.nat_gateways not in (0, 1, len(self.availability_zones)):
            zones = len(self.availability_zones)
            raise ValueError(f"nat_gateways: {self.nat_gateways} for {zones} availability zones; write 0, 1 or {zones}")
        return self

    @model_validator(mode="after")
    def _secondary_is_an_environment_too(self) -> Environment:
        if self.secondary is not None:
            refuse_unfit(self.secondary, self)
            self.in_secondary()
        return self


class Platform(Model):
    """One data lake platform: where its pipelines run, and its environments."""

    schema_location: Annotated[str, Field(alias="$schema")] = ""
    """Where editors find the schema that completes this file."""
    name: PlatformName
    deployment: DeploymentAccount
    secrets: Mapping[SecretName, str] = {}
    """Secrets of every environment and what each is for; their values are set by hand, never here."""
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
    def _resources_are_of_one_environment_by_their_names(self) -> Platform:
        """Policies tell environments apart by the beginning of names, so none may begin as another's."""
        for one, other in permutations(self.environments, 2):
            if other.startswith(f"{one}-"):
                raise ValueError(
                    f"environments.{other}: its stacks and roles would be taken for those of {one}; choose another name"
                )
        for name in self.environments:
            if len(f"{self.name}-{name}-") > STACK_NAME_IN_A_ROLE_NAME:
                raise ValueError(
                    f"environments.{name}: {self.name}-{name}- has more than {STACK_NAME_IN_A_ROLE_NAME} characters, "
                    "which is all that CloudFormation keeps of it in the names of roles; choose a shorter name"
                )
        return self

    @model_validator(mode="after")
    def _bootstraps_are_of_one_environment(self) -> Platform:
        for one, other in combinations(self.environments, 2):
            if qualifier_of(self.name, one) == qualifier_of(self.name, other):
                raise ValueError(
                    f"environments.{other}: its bootstrap would have the qualifier of {one}'s; choose another name"
                )
        return self

    @model_validator(mode="after")
    def _protected_environments_are_alone(self) -> Platform:
        """Whoever may deploy into an account may do much in it: no other environment's pipeline or lake is there."""
        for one, other in permutations(self.environments.values(), 2):
            if not one.is_protected:
                continue
            if one.account == other.account:
                raise ValueError(
                    f"{other.name} shares account {one.account} with {one.name}, whose data is protected: "
                    "give it an account of its own"
                )
            if one.account == self.deployment_of(other).account:
                raise ValueError(
                    f"the pipelines of {other.name} run in account {one.account}, which is that of {one.name}, whose "
                    "data is protected: give them another one"
                )
            if other.account == self.deployment_of(one).account:
                raise ValueError(
                    f"{other.name} lives in account {other.account}, in which the pipelines of {one.name} run, whose "
                    "data is protected: give it or them another one"
                )
        return self

    @model_validator(mode="after")
    def _copies_are_out_of_reach(self) -> Platform:
        """Whoever may push to another environment, or reaches the pipelines, must not reach the copies."""
        environments = self.environments.values()
        for one in environments:
            place = one.backup.copy_place if one.backup else None
            lakes = {other.account: f"that of {other.name}" for other in environments}
            pipelines = {self.deployment_of(other).account: "that of pipelines" for other in environments}
            reached = {**lakes, **pipelines, one.account: ""}
            if place and (whose := reached.get(place[0])):
                raise ValueError(
                    f"backup.copy_to of {one.name}: account {place[0]} is {whose}; "
                    "name a vault in an account that no pipeline deploys to"
                )
        return self

    @model_validator(mode="after")
    def _readers_are_no_roles_of_lakes(self) -> Platform:
        """No arrow goes sideways: neither another environment nor a pipeline reads the data of this one."""
        everybody = self.environments.values()
        accounts = {self.deployment_of(one).account: "in which pipelines run" for one in everybody}
        accounts |= {one.account: f"that of {one.name}" for one in everybody}
        for one in everybody:
            if one.readers is None:
                continue
            if example := of_an_example(one.readers, one.account):
                raise ValueError(
                    f"readers.principals of {one.name}: {example} is in the account of an example, and whoever owns "
                    "that could read; write your own"
                )
            if foreign := of_others(one.readers, one.account, accounts):
                arn, whose = foreign
                raise ValueError(
                    f"readers.principals of {one.name}: {arn} is in account {arn.split(':')[4]}, {whose}; "
                    f"name roles of {one.account}, or of accounts that no pipeline deploys to"
                )
            if own := of_a_lake(one.readers, one.account, (f"{self.name}-{name}-" for name in self.environments)):
                raise ValueError(
                    f"readers.principals of {one.name}: {own} is a role of a bootstrap, a pipeline or a lake's stack; "
                    "name roles of people"
                )
        return self

    @model_validator(mode="after")
    def _replications_have_names_that_dms_takes(self) -> Platform:
        for environment in self.environments.values():
            for name in replications(environment.sources):
                if len(f"{self.name}-{environment.name}-{name}-source") > LONGEST_IDENTIFIER:
                    raise ValueError(
                        f"environments.{environment.name}.sources.{name}: {self.name}-{environment.name}-{name}-source "
                        f"would be the name of its endpoint, of which DMS takes {LONGEST_IDENTIFIER} characters; "
                        "choose a shorter name"
                    )
                if "_" in name or "--" in name or name.endswith("-"):
                    raise ValueError(
                        f"environments.{environment.name}.sources.{name}: DMS takes letters, digits and single hyphens "
                        "in names; choose another one"
                    )
        return self

    @model_validator(mode="after")
    def _replications_sign_in_with_known_secrets(self) -> Platform:
        for environment in self.environments.values():
            for name, replication in replications(environment.sources).items():
                if replication.secret not in self.secrets:
                    known = ", ".join(self.secrets) or "none"
                    raise ValueError(
                        f"environments.{environment.name}.sources.{name}.replication.secret: {replication.secret} is "
                        f"none of the secrets ({known}); add it to secrets"
                    )
        return self

    @model_validator(mode="after")
    def _networks_do_not_overlap(self) -> Platform:
        for one, other in combinations(self._in_all_regions(), 2):
            if parse_cidr(one.vpc_cidr).overlaps(parse_cidr(other.vpc_cidr)):
                raise ValueError(
                    f"vpc_cidr of {_called(one)} ({one.vpc_cidr}) overlaps that of {_called(other)} ({other.vpc_cidr})"
                )
        return self

    @model_validator(mode="after")
    def _lakes_of_one_account_have_names_of_their_own(self) -> Platform:
        for one, other in combinations(self._in_all_regions(), 2):
            if (one.account, one.region, one.resource_prefix) == (other.account, other.region, other.resource_prefix):
                raise ValueError(
                    f"{_called(one)} and {_called(other)} are both in {one.account} {one.region}: "
                    "give one a resource_prefix"
                )
        return self

    def _in_all_regions(self) -> list[Environment]:
        return [there for environment in self.environments.values() for there in environment.regions]

    def deployment_of(self, environment: Environment) -> DeploymentAccount:
        """Where an environment's pipelines run."""
        return environment.deployment or self.deployment


def _called(environment: Environment) -> str:
    return f"{environment.name}'s secondary" if environment.is_secondary else environment.name


def load_platform(path: Path) -> Platform:
    """Read and check a platform's configuration; all that is wrong with it comes in one ConfigurationError."""
    try:
        raw = read_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(path, [error.strerror or str(error)]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(path, [f"byte {error.start}: not UTF-8"]) from error
    except ValueError as error:
        raise ConfigurationError(path, [str(error)]) from error
    try:
        return Platform.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(path, [problem.dotted for problem in problems_of(error, Platform)]) from error
