"""The stack of the NYC taxi flow: from landed files to purpose-built tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from taxi.purpose_built.rule import demand_consistent, load_rules

from deployment_account.log import LogPolicy
from deployment_account.names import Reading, Taxi, TaxiName
from deployment_account.shared_values import publish
from etl_cdk.alerts import Alerts
from etl_cdk.datasets.dataset_check import checked_datasets
from etl_cdk.infra_imports import InfraImports
from etl_cdk.private_network import PrivateNetwork
from etl_cdk.query_workgroup import QueryWorkgroup
from etl_cdk.reader_role import Readable, ReaderRole
from etl_cdk.region_alarms import alarm_on_taxi_files
from etl_cdk.region_table import RegionAccess
from etl_cdk.runtime_package import RuntimePackage
from etl_cdk.taxi_flow import TaxiFlow
from etl_cdk.taxi_landing import TaxiLanding
from etl_cdk.taxi_permissions import TaxiData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from deployment_account.environments import Environment
    from deployment_account.names import Names


class TaxiStack(cdk.Stack):
    """Landing, the flow between layers, its messages, the workgroup and the readers' role."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, environment: Environment, raw_databases: Sequence[str]
    ) -> None:
        super().__init__(scope, id_, description="NYC taxi flow: raw files to conformed and purpose-built tables")
        infra = InfraImports(self, "Foundation", names=names)
        package = RuntimePackage(
            self,
            "Runtime",
            log_policy=LogPolicy(infra.data_key, environment.retention.log_days),
            lake=names.lake,
            network=PrivateNetwork.of(self, names=names, environment=environment),
        )
        settings = environment.taxi
        datasets = checked_datasets()
        demand_consistent(load_rules(), datasets)
        audit = dynamodb.Table.from_table_name(self, "KnownAudit", names.taxi(TaxiName.AUDIT_TABLE))
        regions = RegionAccess.of(self, names, environment)
        data = TaxiData(infra, audit, list(datasets.values()), regions)
        self.alerts = Alerts(
            self,
            "Alerts",
            title="NYC taxi flow",
            key=infra.data_key,
            addresses=environment.notification_addresses,
            lake=names.lake,
        )
        self.flow = TaxiFlow(self, "Flow", package=package, data=data, settings=settings, alerts=self.alerts)
        self.landing = TaxiLanding(
            self,
            "Landing",
            package=package,
            data=data,
            state_machine_arn=self.flow.state_machine.state_machine_arn,
            batching_window=cdk.Duration.seconds(settings.batching_window_seconds),
            alerts=self.alerts,
        )
        self.landing.alarm(self.alerts)
        self.alerts.on_undelivered("UndeliveredTaxiEvents")
        alarm_on_taxi_files(self.alerts, infra, environment)
        self.workgroup = QueryWorkgroup(self, "Queries", data=data, settings=settings)
        self.readers = ReaderRole.of(
            self, environment, readable=Readable(infra, self.workgroup.name, raw_databases=raw_databases)
        )
        self._publish(names)

    def _publish(self, names: Names) -> None:
        values: dict[str, str] = {
            Taxi.STATE_MACHINE_ARN: self.flow.state_machine.state_machine_arn,
            Taxi.BUNDLES_FUNCTION: self.flow.bundles.function.function_name,
            Taxi.LANDING_FUNCTION: self.landing.function.function_name,
            Taxi.SWEEP_FUNCTION: self.landing.sweep.function_name,
            Taxi.LANDING_QUEUE_URL: self.landing.queue.queue_url,
            Taxi.LANDING_DEAD_LETTER_QUEUE_URL: self.landing.dead_letters.queue_url,
            Taxi.TOPIC_ARN: self.alerts.topic.topic_arn,
            Taxi.ATHENA_WORKGROUP: self.workgroup.name,
        }
        if self.readers:
            values[Reading.ROLE_ARN] = self.readers.role.role_arn
        publish(self, names, values)
