"""Connects the migration to a running lake, with credentials of the lake's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odp.file_manager.registration import STAGING, Staging
from odp.file_manager.sources import Sources

from deployment_account.names import Names, Odp, OdpTable, Shared
from deployment_account.sources import sources_json
from odp_cli.errors import CommandError
from odp_cli.lake import session_in
from odp_cli.migration.ledger import LedgerMigration, LedgerTables
from odp_cli.operate.decision_log import DecisionLog
from odp_cli.operate.ledger import TABLES, OperatedLedger, OperatedTables

if TYPE_CHECKING:
    from deployment_account.environments import Environment, Platform

LEDGER_TABLES = (
    OdpTable.FILE_TRACKER,
    OdpTable.FILE_TRACKER_HISTORY,
    OdpTable.FILE_PROCESSING_TRACKER,
    OdpTable.QUARANTINE,
    OdpTable.CONFIG_DEPLOY_TRACKER,
)


class LakeLedger:
    """Finds the tables, buckets and sources of an environment, and whether this release is deployed there."""

    def __init__(self, platform: Platform, environment: Environment, profile: str | None) -> None:
        self._environment = environment
        self._names = Names.of(platform, environment)
        self._session = session_in(environment, profile)

    @property
    def caller(self) -> str:
        """The ARN of the person who migrates."""
        return str(self._session.client("sts").get_caller_identity()["Arn"])

    @property
    def decisions(self) -> DecisionLog:
        """The log that records the migration."""
        dynamodb: Any = self._session.resource("dynamodb")
        tables = OperatedTables(*map(self._names.table, TABLES))
        history_days = self._environment.retention.history_days
        return DecisionLog(OperatedLedger(dynamodb, tables, history_days=history_days), self.caller)

    def require_this_release(self) -> None:
        """Refuse while an older release registers files in the old format."""
        function = self._published(Odp.FILE_MANAGER_FUNCTION)
        found = self._session.client("lambda").get_function_configuration(FunctionName=function)
        if found["Environment"]["Variables"].get("SOURCES") != sources_json(self._environment.sources):
            name = self._environment.name
            raise CommandError(
                f"{name} does not run this release with these sources: {function} would keep the old ones",
                mend=f"let the etl pipeline of {name} deploy this commit, then migrate; files that land meanwhile wait",
            )

    def migration(self) -> LedgerMigration:
        """Return the migration of these tables."""
        staging = self._published(Shared.STAGING_BUCKET)
        dynamodb: Any = self._session.resource("dynamodb")
        return LedgerMigration(
            dynamodb,
            LedgerTables(*map(self._names.table, LEDGER_TABLES)),
            Staging(Sources.from_json(sources_json(self._environment.sources)), {STAGING: staging}),
            raw_bucket=self._published(Shared.RAW_BUCKET),
            versions=lambda key: self._versions(staging, key),
        )

    def _published(self, value: str) -> str:
        answer = self._session.client("ssm").get_parameter(Name=self._names.parameter(value))
        return str(answer["Parameter"]["Value"])

    def _versions(self, bucket: str, key: str) -> list[str]:
        pages = self._session.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        return [found["VersionId"] for page in pages for found in page.get("Versions", ()) if found["Key"] == key]
