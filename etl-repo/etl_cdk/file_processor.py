"""Deploys odp.file_processor: a schedule for each cadence starts the state machine that refreshes its tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from odp.config_manager.cadence import schedule_expression

from deployment_account.names import OdpTable, Shared
from deployment_account.permissions import allow
from etl_cdk.batch_manager import BatchManager
from etl_cdk.catalog_names import database_patterns
from etl_cdk.glue_job import RUN_ACTIONS
from etl_cdk.glue_job_permissions import JobResources, allow_job
from etl_cdk.glue_jobs import GlueJobs
from etl_cdk.logged_state_machine import logged_state_machine
from etl_cdk.native_refresh import NativeRefresh
from etl_cdk.refresh_settings import refresh_settings
from etl_cdk.refresh_workflow import WorkflowLimits, refresh_workflow
from etl_cdk.region_table import RegionAccess
from etl_cdk.schedule_role import schedule_role
from lake.metrics import Metric

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from odp.config_manager.manifest import Manifests

    from deployment_account.environments import Environment
    from deployment_account.odp_settings import OdpSettings
    from etl_cdk.alerts import Alerts
    from etl_cdk.infra_imports import InfraImports
    from etl_cdk.runtime_package import RuntimePackage


class FileProcessor(Construct):
    """Applies the files of the file tracker to the tables of the lake, cadence by cadence."""

    def __init__(  # noqa: PLR0913 - a keyword for each of its parts
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        infra: InfraImports,
        tables: Mapping[OdpTable, dynamodb.ITable],
        manifests: Manifests,
        environment: Environment,
        alerts: Alerts,
    ) -> None:
        super().__init__(scope, id_)
        settings = environment.odp
        self._package = package
        self._names = infra.names
        told = refresh_settings(tables, infra, environment)
        self.batch_manager = BatchManager(
            self,
            "BatchManager",
            package=package,
            tables=tables,
            infra=infra,
            alerts=alerts,
            environment=environment,
        )
        self.jobs = GlueJobs(
            self,
            "Jobs",
            package=package,
            names=infra.names,
            settings=settings,
            batches=manifests.batches,
            warehouse=infra.bucket(Shared.RAW_BUCKET).bucket_name,
            # Glue takes no empty argument
            arguments={f"--{name}": str(value) for name, value in dataclasses.asdict(told).items() if value != ""},
        )
        resources = JobResources(
            tables=tables,
            staging=infra.bucket(Shared.STAGING_BUCKET),
            raw=infra.bucket(Shared.RAW_BUCKET),
            config=infra.bucket(Shared.CONFIG_BUCKET),
            databases=database_patterns(manifests, environment, infra.names),
            data_key=infra.data_key,
            regions=RegionAccess.of(self, infra.names, environment),
        )
        allow_job(self.jobs.role, dataclasses.replace(resources, code=(package.asset, self.jobs.script)))
        self.native = NativeRefresh(
            self, "Native", package=package, names=infra.names, odp=settings, settings=told, resources=resources
        )
        self.state_machine = self._state_machine(settings)
        self._undelivered = alerts.undelivered
        self._schedules = schedule_role(self, "SchedulesRole", key=infra.data_key)
        enabled = settings.schedules == "enabled"
        cadences = [batch.refresh_cadence for batch in manifests.batches]
        self.schedules = {cadence: self._schedule(cadence, enabled=enabled) for cadence in cadences}

    def alarm(self, alerts: Alerts) -> None:
        """Alarm on what the Batch Manager cannot report: it reports tables, failed runs and failed plans itself."""
        alerts.on_interrupted("Refreshes", self.state_machine)
        alerts.on_any_counted(
            Metric.UNTOLD_CHANGES,
            meaning="People could not be told what changed; the log of the Batch Manager or the sweep says why, and "
            "what changed is told later.",
            period=cdk.Duration.hours(1),
        )

    def _state_machine(self, settings: OdpSettings) -> sfn.StateMachine:
        definition = refresh_workflow(
            self.batch_manager.function.function_arn,
            self.native.function.function_arn,
            WorkflowLimits(
                settings.max_concurrent_batches,
                settings.max_workers_per_run,
                self._names.resource_prefix,
            ),
        )
        state_machine = logged_state_machine(
            self,
            "Workflow",
            name=self._names.state_machine,
            definition=definition,
            log_policy=self._package.log_policy,
        )
        functions = [self.batch_manager.function.function_arn, self.native.function.function_arn]
        allow(state_machine.role, ["lambda:InvokeFunction"], functions)
        # the job's name comes from the plan, so CDK cannot derive this statement
        allow(state_machine.role, RUN_ACTIONS, self.jobs.arns)
        return state_machine

    def _schedule(self, cadence: str, *, enabled: bool) -> scheduler.Schedule:
        """A failing start is retried for a few minutes, then put into the queue; the next start does its work."""
        return scheduler.Schedule(
            self,
            f"Schedule-{cadence}",
            schedule_name=self._names.schedule(cadence),
            description=f"Refreshes the tables of {cadence}",
            enabled=enabled,
            schedule=scheduler.ScheduleExpression.expression(schedule_expression(cadence)),
            target=scheduler_targets.StepFunctionsStartExecution(
                self.state_machine,
                input=scheduler.ScheduleTargetInput.from_object({"refresh_cadence": cadence}),
                retry_attempts=3,
                max_event_age=cdk.Duration.minutes(5),
                role=self._schedules,
                dead_letter_queue=self._undelivered,
            ),
        )
