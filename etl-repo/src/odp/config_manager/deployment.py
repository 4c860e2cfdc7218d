"""Deploys the newest configuration request: checks it whole, applies it whole, and records every request.

The object in the config bucket is the truth; an event only says that it changed. For every event, late or repeated, the
newest request is deployed.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from odp.config_manager.manifest import Manifests, parse_manifests
from odp.config_manager.request import RequestContent, read_request
from odp.config_manager.running_check import RunningCheck, SynthesisedResources, changed_tables
from odp.configuration import ConfigDeployment, ConfigRequest, Configuration, RequestStatus, compare
from odp.errors import ManifestError
from odp.ports import ConfigRequests, ConfigurationStore, DeployTracker, WrittenTables
from odp.records import RawTableConfig

# Physical names of databases: an account with two lakes needs a prefix, and manifests have none.


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """The prefix of one lake's database names; stored records keep the roles of buckets."""

    database_prefix: str = ""

    def resolve(self, manifests: Manifests) -> Manifests:
        """Return the configuration with the lake's physical database names."""
        return dataclasses.replace(manifests, tables=tuple(self._resolve(table) for table in manifests.tables))

    def _resolve(self, table: RawTableConfig) -> RawTableConfig:
        return dataclasses.replace(table, raw_database_name=f"{self.database_prefix}{table.raw_database_name}")


logger = logging.getLogger(__name__)


# Deploys the newest request: checks it whole, applies it whole, records it.


@dataclass(frozen=True, slots=True)
class LakeSettings:
    """The facts of one lake that decide on manifests: names of databases, sizes, deployed resources."""

    names: PhysicalNames
    cadence_defaults: Mapping[str, object]
    deployed: SynthesisedResources

    def desired(self, manifests: Mapping[str, str]) -> Manifests:
        """Return the configuration that manifests describe in this lake; raises ManifestError."""
        return self.names.resolve(parse_manifests(manifests, self.cadence_defaults))


@dataclass(frozen=True, slots=True)
class ConfigurationManager:
    """Deploys configuration requests into one lake."""

    lake: LakeSettings
    requests: ConfigRequests
    tracker: DeployTracker
    store: ConfigurationStore
    tables: WrittenTables

    def handle(self, announced: str) -> ConfigDeployment | None:
        """Record the announced request, and deploy the newest; None if that one has ended already."""
        noted = self._receive(announced)
        attempt = self.store.begin()
        # read after the attempt began: a later request begins a later attempt, which ends this one
        newest_id = self.requests.newest()
        newest = noted if newest_id == announced else self._receive(newest_id) if newest_id else None
        running = self.store.running(attempt)
        if noted and newest and noted != newest:
            self.tracker.close(noted, RequestStatus.SUPERSEDED, ())
        if newest is None:
            logger.warning("request %s was announced, but the bucket holds none now; nothing is changed", announced)
            return None
        if self.tracker.status(newest) is not RequestStatus.RECEIVED:
            return None
        return self._deploy(newest, running, attempt)

    def _receive(self, request_id: str) -> ConfigRequest | None:
        """Record a request; None if the bucket no longer has it."""
        request = self.requests.read(request_id)
        if request is not None:
            content = _content_if_readable(request)
            self.tracker.receive(request, content.commit, content.requested_by)
        return request

    def _deploy(self, request: ConfigRequest, running: Configuration, attempt: int) -> ConfigDeployment:
        content = _content_if_readable(request)
        try:
            desired = self._admitted(request, running)
        except ManifestError as refused:
            logger.warning("refused the request of %s: %s", request.deployed_at, refused)
            self.tracker.close(request, RequestStatus.REFUSED, refused.problems)
            reasons = tuple(refused.problems)
            return ConfigDeployment(
                request, content.commit, content.requested_by, RequestStatus.REFUSED, reasons=reasons
            )
        changes = compare(running, Configuration.of(desired.batches, desired.tables))
        status = RequestStatus.APPLIED if changes else RequestStatus.UNCHANGED
        changed = {change.name for change in changes}
        warnings = tuple(warning for name, warning in desired.warnings.items() if name in changed)
        deployment = ConfigDeployment(request, content.commit, content.requested_by, status, changes, warnings=warnings)
        for warning in warnings:
            logger.warning("%s", warning)
        self.store.activate(attempt, deployment)
        logger.info("%s: %s, commit %s", status.value, deployment.counts, content.commit or "unknown")
        return deployment

    def _admitted(self, request: ConfigRequest, running: Configuration) -> Manifests:
        desired = self.lake.desired(read_request(request.document).manifests)
        written = self.tables.written(changed_tables(running, desired))
        RunningCheck(running, written, self.lake.deployed).check(desired)
        return desired


def _content_if_readable(request: ConfigRequest) -> RequestContent:
    try:
        return read_request(request.document)
    except ManifestError:
        return RequestContent("", "", {})
