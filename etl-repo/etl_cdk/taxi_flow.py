"""Deploys taxi.bundles and the state machine that loads a dataset's pending files, bundle after bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from constructs import Construct
from taxi.bundles.bundling import LONG_WAIT_HOURS
from taxi.variables import BundlesVariables

from deployment_account.names import Shared, TaxiName
from deployment_account.permissions import allow
from etl_cdk.glue_job import RUN_ACTIONS
from etl_cdk.logged_state_machine import logged_state_machine
from etl_cdk.region_table import told_of
from etl_cdk.runtime_package import RuntimeFunction, RuntimePackage
from etl_cdk.schedule_role import schedule_role
from etl_cdk.taxi_jobs import TaxiJobs
from etl_cdk.taxi_permissions import TaxiData, allow_bundles, allow_workflow
from etl_cdk.taxi_workflow import TaxiParts, longest_round_seconds, taxi_workflow
from lake.metrics import Metric

if TYPE_CHECKING:
    from aws_cdk import aws_stepfunctions as sfn

    from deployment_account.taxi_settings import TaxiSettings
    from etl_cdk.alerts import Alerts

LOOK_AGAIN = cdk.Duration.minutes(15)
"""The longest wait of files whose execution died or was stopped."""

COUNTED_OVER = cdk.Duration.hours(1)
"""Longer than the interval of the checks, or a lasting alarm would ring at each check."""


class TaxiFlow(Construct):
    """The bundles function, the jobs, and the state machine that calls them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        data: TaxiData,
        settings: TaxiSettings,
        alerts: Alerts,
    ) -> None:
        super().__init__(scope, id_)
        self.bundles = self._bundles(package, data, settings)
        self.jobs = TaxiJobs(self, "Jobs", package=package, data=data, settings=settings)
        parts = TaxiParts(
            bundles_function_arn=self.bundles.function.function_arn,
            conformed_job=self.jobs.conformed,
            purpose_built_job=self.jobs.purpose_built,
            topic_arn=alerts.topic.topic_arn,
            job_timeout_minutes=settings.job_timeout_minutes,
        )
        self.state_machine = self._state_machine(package, data, parts)
        self._undelivered = alerts.undelivered
        self._schedules = schedule_role(self, "SchedulesRole", key=data.infra.data_key)
        for dataset in data.datasets:
            self._look_again(dataset.name)
        alerts.on_any(
            "FailedTaxiFlows",
            self.state_machine.metric_failed(),
            meaning="A file of a taxi dataset failed, or a run died and its files are tried again; the execution and "
            "the audit table say why.",
        )
        alerts.on_interrupted("TaxiFlows", self.state_machine)
        alerts.on_any_counted(
            Metric.WAITING_TAXI_FILES,
            meaning=f"Files of a taxi dataset are not loaded {LONG_WAIT_HOURS} hours after they landed; the audit "
            "table says why and when they are tried next.",
            period=COUNTED_OVER,
        )

    def _look_again(self, dataset: str) -> None:
        """Start an execution on a schedule; it ends at once if nothing is pending or another one works."""
        scheduler.Schedule(
            self,
            f"LookAgain-{dataset}",
            description=f"Loads files of {dataset} that an execution left behind",
            schedule=scheduler.ScheduleExpression.rate(LOOK_AGAIN),
            target=scheduler_targets.StepFunctionsStartExecution(
                self.state_machine,
                input=scheduler.ScheduleTargetInput.from_object({"dataset": dataset}),
                retry_attempts=3,
                max_event_age=cdk.Duration.minutes(5),
                role=self._schedules,
                dead_letter_queue=self._undelivered,
            ),
        )

    def _bundles(self, package: RuntimePackage, data: TaxiData, settings: TaxiSettings) -> RuntimeFunction:
        handler = RuntimeFunction(
            self,
            "Bundles",
            package=package,
            handler="taxi.bundles.handler.handle",
            timeout=cdk.Duration.minutes(5),
            variables=BundlesVariables(
                lake=package.lake,
                audit_table=data.audit.table_name,
                bundle_bucket=data.infra.bucket(Shared.CONFIG_BUCKET).bucket_name,
                max_files_per_run=settings.max_files_per_run,
                lease_seconds=longest_round_seconds(settings.job_timeout_minutes),
                regions=told_of(data.regions),
            ),
        )
        allow_bundles(handler.role, data, self._arn("execution", f"{data.infra.names.taxi(TaxiName.FLOW)}:*"))
        return handler

    def _state_machine(self, package: RuntimePackage, data: TaxiData, parts: TaxiParts) -> sfn.StateMachine:
        name = data.infra.names.taxi(TaxiName.FLOW)
        state_machine = logged_state_machine(
            self, "Workflow", name=name, definition=taxi_workflow(parts), log_policy=package.log_policy
        )
        allow_workflow(
            state_machine.role,
            data,
            function_arn=parts.bundles_function_arn,
            topic_arn=parts.topic_arn,
            own_arn=self._arn("stateMachine", name),
        )
        allow(state_machine.role, RUN_ACTIONS, self.jobs.arns)
        return state_machine

    def _arn(self, resource: str, name: str) -> str:
        """Build an ARN of Step Functions by name, because the policies come before the state machine."""
        return cdk.Stack.of(self).format_arn(
            service="states", resource=resource, resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
