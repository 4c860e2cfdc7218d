"""The newest request is deployed, whole or not at all, and every request is recorded."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from odp.config_manager.deployment import ConfigurationManager, LakeSettings, PhysicalNames
from odp.config_manager.request import RequestContent, write_request
from odp.config_manager.running_check import SynthesisedResources
from odp.configuration import (
    ConfigDeployment,
    ConfigRequest,
    Configuration,
    RequestStatus,
    fields_of,
    raw_table_config_of,
)
from odp.errors import DeploymentOvertakenError
from odp.records import RawTableConfig, WrittenTable

from tests.unit.odp.samples import batch_config, table_config

LAKE = LakeSettings(
    PhysicalNames("second_"),
    {"refresh_tables_batch_size": 5},
    SynthesisedResources(frozenset({"10_min_refresh"}), frozenset({"odpf_file_processor"})),
)


def document(*tables: RawTableConfig, commit: str = "abc123", **batch: Any) -> bytes:
    manifest = {
        "batch_configs": [fields_of(batch_config(**batch))],
        "raw_table_configs": [fields_of(table) for table in tables],
    }
    return write_request(RequestContent(commit, "pipeline", {"sales.json": json.dumps(manifest)}))


def expected(*tables: RawTableConfig, **batch: Any) -> Configuration:
    named = [replace(table, raw_database_name=f"second_{table.raw_database_name}") for table in tables]
    return Configuration.of([batch_config(**batch)], named)


@dataclass
class World:
    """Bucket, ledger and running configuration in memory."""

    uploads: list[bytes] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    statuses: dict[str, RequestStatus] = field(default_factory=dict)
    reasons: dict[str, Sequence[str]] = field(default_factory=dict)
    authors: dict[str, tuple[str, str]] = field(default_factory=dict)
    configuration: Configuration = field(default_factory=lambda: Configuration({}, {}))
    begun: int = 0
    filled: dict[str, WrittenTable] = field(default_factory=dict)
    between: list[bytes] = field(default_factory=list)
    """Uploaded, and deployed by another, just before this deployment asks for the newest request."""

    def upload(self, content: bytes) -> str:
        self.uploads.append(content)
        return str(len(self.uploads))

    # ConfigRequests
    def newest(self) -> str | None:
        while self.between:
            self.manager().handle(self.upload(self.between.pop()))
        return str(len(self.uploads)) if self.uploads else None

    def read(self, request_id: str) -> ConfigRequest | None:
        if request_id in self.expired:
            return None
        return ConfigRequest(request_id, f"2026-01-01T00:00:{request_id:>02}Z", self.uploads[int(request_id) - 1])

    # DeployTracker
    def receive(self, request: ConfigRequest, commit: str, requested_by: str) -> None:
        self.statuses.setdefault(request.request_id, RequestStatus.RECEIVED)
        self.authors[request.request_id] = (commit, requested_by)

    def status(self, request: ConfigRequest) -> RequestStatus:
        return self.statuses[request.request_id]

    def close(self, request: ConfigRequest, status: RequestStatus, reasons: Sequence[str]) -> None:
        if self.statuses[request.request_id] is RequestStatus.RECEIVED:
            self.statuses[request.request_id] = status
            self.reasons[request.request_id] = reasons

    # ConfigurationStore
    def begin(self) -> int:
        self.begun += 1
        return self.begun

    def running(self, attempt: int) -> Configuration:
        self._demand_latest(attempt)
        return self.configuration

    def activate(self, attempt: int, deployment: ConfigDeployment) -> None:
        self._demand_latest(attempt)
        entries: dict[str, Any] = self.configuration.entries
        for change in deployment.changes:
            entries.pop(change.name, None)
            if change.after:
                entries[change.name] = change.after
        tables = [entry for entry in entries.values() if isinstance(entry, RawTableConfig)]
        self.configuration = Configuration.of([e for e in entries.values() if e not in tables], tables)
        self.close(deployment.request, deployment.status, ())

    # WrittenTables
    def written(self, qualified_names: Iterable[str]) -> Mapping[str, WrittenTable]:
        return {name: self.filled[name] for name in qualified_names if name in self.filled}

    def _demand_latest(self, attempt: int) -> None:
        if attempt != self.begun:
            raise DeploymentOvertakenError

    def manager(self) -> ConfigurationManager:
        return ConfigurationManager(LAKE, self, self, self, self)

    def deploy(self, content: bytes) -> ConfigDeployment | None:
        return self.manager().handle(self.upload(content))


def test_request_is_applied_in_the_lakes_own_words() -> None:
    lake = World()
    deployment = lake.deploy(document(table_config()))
    assert deployment is not None
    assert deployment.counts == {"added": 2}
    assert lake.configuration == expected(table_config())
    assert lake.statuses == {"1": RequestStatus.APPLIED}
    assert lake.authors == {"1": ("abc123", "pipeline")}


def test_limits_of_a_merge_on_read_table_are_told_when_its_entry_changes() -> None:
    lake = World()
    entries = (table_config(hudi_table_type="merge_on_read", is_active=active) for active in (True, True, False))
    told = [deployment.warnings for entry in entries if (deployment := lake.deploy(document(entry)))]
    assert [len(warnings) for warnings in told] == [1, 0, 1]
    assert "t_rt only, where it cannot read timestamp columns" in told[0][0]


def test_added_changed_deactivated_and_removed_entries_are_each_reported() -> None:
    def table(name: str, **fields: Any) -> RawTableConfig:
        return table_config(source_table_name=f"s.{name}", raw_table_name=name, **fields)

    lake = World()
    lake.deploy(document(table("a"), table("b"), table("c"), table("d", is_active=False)))
    deployment = lake.deploy(
        document(table("a", partition_key="P"), table("b", is_active=False), table("d"), table("e"))
    )
    assert deployment is not None
    assert {change.name: change.kind.value for change in deployment.changes} == {
        "s.a": "changed",
        "s.b": "deactivated",
        "s.c": "removed",
        "s.d": "reactivated",
        "s.e": "added",
    }


def test_second_event_of_one_request_changes_nothing() -> None:
    lake = World()
    lake.deploy(document(table_config()))
    lake.configuration = Configuration({}, {})
    assert lake.manager().handle("1") is None
    assert lake.configuration == Configuration({}, {})


def test_second_request_of_the_same_content_is_kept_and_changes_nothing() -> None:
    lake = World()
    lake.deploy(document(table_config()))
    deployment = lake.deploy(document(table_config(), commit="later"))
    assert deployment is not None
    assert (deployment.status, deployment.changes) == (RequestStatus.UNCHANGED, ())


def test_older_request_that_is_announced_late_is_kept_as_superseded_and_undoes_nothing() -> None:
    lake = World()
    older = lake.upload(document(table_config(is_active=False)))
    lake.deploy(document(table_config()))
    assert lake.manager().handle(older) is None
    assert lake.configuration == expected(table_config())
    assert lake.statuses == {"1": RequestStatus.SUPERSEDED, "2": RequestStatus.APPLIED}


def test_event_of_an_older_request_deploys_the_newest_if_its_own_event_was_lost() -> None:
    lake = World()
    older = lake.upload(document(table_config(is_active=False)))
    lake.upload(document(table_config()))
    lake.manager().handle(older)
    assert lake.configuration == expected(table_config())
    assert lake.statuses == {"1": RequestStatus.SUPERSEDED, "2": RequestStatus.APPLIED}


def test_request_that_the_bucket_has_no_more_is_passed_over() -> None:
    lake = World()
    expired = lake.upload(document(table_config(is_active=False)))
    lake.expired.add(expired)
    lake.upload(document(table_config()))
    lake.manager().handle(expired)
    assert lake.statuses == {"2": RequestStatus.APPLIED}


def test_announced_request_without_an_object_changes_nothing() -> None:
    lake = World()
    lake.deploy(document(table_config()))
    lake.uploads.append(b"")
    lake.expired |= {"2", "3"}
    assert lake.manager().handle("2") is None
    assert lake.configuration == expected(table_config())


def test_deployment_that_another_overtook_writes_nothing_more() -> None:
    lake = World(between=[document(table_config(is_active=False))])
    with pytest.raises(DeploymentOvertakenError):
        lake.deploy(document(table_config()))
    assert lake.configuration == expected(table_config(is_active=False))
    assert lake.manager().handle("1") is None
    assert lake.statuses == {"1": RequestStatus.SUPERSEDED, "2": RequestStatus.APPLIED}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (write_request(RequestContent("c", "w", {"sales.json": "{"})), "sales.json: is not JSON"),
        (document(table_config(refresh_cadence="1_day_refresh")), "has no entry in batch_configs"),
        (document(refresh_cadence="1_day_refresh"), "this environment has no schedule"),
    ],
)
def test_refused_request_is_kept_with_its_reasons_and_changes_nothing(content: bytes, reason: str) -> None:
    lake = World()
    lake.deploy(document(table_config()))
    deployment = lake.deploy(content)
    assert deployment is not None
    assert deployment.status is RequestStatus.REFUSED
    assert reason in deployment.reasons[0]
    assert (lake.statuses["2"], list(lake.reasons["2"])) == (RequestStatus.REFUSED, list(deployment.reasons))
    assert lake.configuration == expected(table_config())


def test_good_request_after_a_refused_one_is_applied() -> None:
    lake = World()
    lake.deploy(b"{")
    lake.deploy(document(table_config()))
    assert lake.configuration == expected(table_config())
    assert lake.statuses == {"1": RequestStatus.REFUSED, "2": RequestStatus.APPLIED}


def test_filled_table_keeps_its_key() -> None:
    lake = World(filled={"second_db.t": WrittenTable({"hudi_primary_key": "ID"}, is_being_written=False)})
    deployment = lake.deploy(document(table_config(primary_key=("OTHER",))))
    assert deployment is not None
    assert "primary_key: second_db.t holds data written with 'ID'" in deployment.reasons[0]
    assert deployment.reasons[0].startswith("sales.json: raw_table_configs: s.t: ")


def test_manifests_that_run_already_change_nothing_although_an_older_release_stored_them() -> None:
    lake = World()
    stored = fields_of(table_config(raw_database_name="second_db")) | {"raw_database_S3_bucket": "dev-account-1-raw"}
    policies = ("column_names", "on_dropped_column", "before_images")
    older = {name: value for name, value in stored.items() if name not in policies}
    lake.configuration = Configuration.of([batch_config()], [raw_table_config_of(older)])
    deployment = lake.deploy(document(table_config()))
    assert deployment is not None
    assert (deployment.status, deployment.changes) == (RequestStatus.UNCHANGED, ())


@pytest.mark.parametrize("column", [None, "AR_H_CHANGE_SEQ"])
def test_filled_table_may_lose_or_change_its_change_sequence(column: str | None) -> None:
    """The order is the framework's own; what older releases wrote down of it binds nobody."""
    identity = table_config().identity | {"hudi_precombine_field": "SEQ", "raw_database_S3_bucket": "dev-account-1-raw"}
    lake = World(filled={"second_db.t": WrittenTable(identity, is_being_written=False)})
    lake.deploy(document(table_config()))
    deployment = lake.deploy(document(table_config(change_sequence=column)))
    assert deployment is not None
    assert deployment.status is RequestStatus.APPLIED
