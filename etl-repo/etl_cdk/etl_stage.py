"""The data flows of an environment, on top of the infra stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odp.config_manager.manifest import load_manifests

from deployment_account.names import Names
from deployment_account.revision import UNKNOWN_REVISION, Revision
from deployment_account.sources import replications
from deployment_account.stages import EnvironmentStage
from etl_cdk.catalog_names import database_patterns, refuse_unknown_names
from etl_cdk.config_manager import TableManifests
from etl_cdk.odp_stack import OdpStack
from etl_cdk.replication import ReplicationStack
from etl_cdk.tables_stack import TablesStack
from etl_cdk.taxi_stack import TaxiStack

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from deployment_account.environments import Environment, Platform


class EtlStage(EnvironmentStage):
    """The DynamoDB tables, the ODP framework with its manifests, and the NYC taxi flow."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        platform: Platform,
        environment: Environment,
        *,
        manifests: Path,
        revision: Revision = UNKNOWN_REVISION,
    ) -> None:
        super().__init__(scope, id_, platform, environment)
        names = Names.of(platform, environment)
        defaults = environment.odp.cadence_defaults
        content = load_manifests(manifests, defaults.model_dump())
        refuse_unknown_names(content, environment)
        self.tables = TablesStack(self, "Tables", names=names, environment=environment, manifests=content)
        self.odp = OdpStack(
            self,
            "Odp",
            names=names,
            environment=environment,
            manifests=TableManifests(manifests, content, defaults, revision),
        )
        databases = database_patterns(content, environment, names)
        self.taxi = TaxiStack(self, "Taxi", names=names, environment=environment, raw_databases=databases)
        # they know the tables by their names: with exports, the change sets of these stacks could not be prepared and
        # approved before the tables' change set is executed
        for stack in (self.odp, self.taxi):
            stack.add_stack_dependency(self.tables)
        if replications(environment.sources):
            # last, because a change of it fails while a replication runs
            self.replication = ReplicationStack(
                self,
                "Replication",
                names=names,
                environment=environment,
                manifests=content,
                pipelines_account=platform.deployment_of(environment).account,
            )
            for stack in (self.odp, self.taxi):
                self.replication.add_stack_dependency(stack)
