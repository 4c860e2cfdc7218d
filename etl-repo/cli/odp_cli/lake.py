"""One environment: its configuration in environments.json, and its running lake."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from odp.config_manager.deployment import PhysicalNames
from odp.config_manager.manifest import Manifests, parse_manifests
from odp.dynamodb.running_configuration import DynamoDbRunningConfiguration, RunningVersion
from odp.dynamodb.table_leases import DynamoDbWrittenTables

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names, OdpTable
from odp_cli.errors import CommandError

if TYPE_CHECKING:
    from odp.configuration import Configuration


def chosen_environment(platform: Platform, name: str) -> Environment:
    """Return the environment that a person named."""
    if name not in platform.environments:
        raise CommandError(
            f"there is no environment {name}", mend=f"name one of {', '.join(platform.environments)} with --env"
        )
    return platform.environments[name]


def cadence_defaults(environment: Environment) -> dict[str, object]:
    """The default sizes of an environment's cadences."""
    return environment.odp.cadence_defaults.model_dump()


class RunningLake:
    """Reads the running configuration of an environment, with credentials of its account only."""

    def __init__(self, platform: Platform, environment: Environment, profile: str | None) -> None:
        self._environment = environment
        self._names = Names.of(platform, environment)
        self._session = session_in(environment, profile)

    @property
    def sources(self) -> frozenset[str]:
        """The source databases that the environment is configured with."""
        return frozenset(self._environment.sources)

    @cached_property
    def _dynamodb(self) -> Any:  # noqa: ANN401  boto3 makes resources at run time
        return self._session.resource("dynamodb")

    def configuration(self) -> Configuration:
        """The running configuration."""
        version = RunningVersion(self._dynamodb, self._names.table(OdpTable.CONFIG_DEPLOY_TRACKER))
        tables = self._names.table(OdpTable.BATCH_CONFIG), self._names.table(OdpTable.RAW_TABLE_CONFIG)
        return DynamoDbRunningConfiguration(self._dynamodb, *tables, version).everything()

    def written_tables(self) -> DynamoDbWrittenTables:
        """Reads what refreshes wrote into the lake's tables."""
        return DynamoDbWrittenTables(self._dynamodb, self._names.table(OdpTable.FILE_PROCESSING_TRACKER))

    def desired(self, documents: Mapping[str, str]) -> Manifests:
        """The configuration that manifests describe in this lake; raises ManifestError."""
        return PhysicalNames(self._names.database("")).resolve(
            parse_manifests(documents, cadence_defaults(self._environment))
        )


def session_in(environment: Environment, profile: str | None) -> boto3.Session:
    """Return a session for an environment's account; raises CommandError for credentials of another one."""
    mend = f"sign in to account {environment.account} and name the profile with --profile"
    try:
        session = boto3.Session(profile_name=profile, region_name=environment.region)
        found = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CommandError(
            f"there are no working credentials for {environment.name}, account {environment.account}: {error}",
            mend=mend,
        ) from error
    if found != environment.account:
        raise CommandError(
            f"the credentials are those of account {found}, but {environment.name} is account {environment.account}",
            mend=mend,
        )
    return session
