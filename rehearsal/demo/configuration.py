"""Configuration as the demo shows it: the deployed manifests, then one change that is refused and one that is not."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from odp.config_manager.manifest import Manifests
from odp.config_manager.request import RequestContent
from odp.configuration import fields_of
from odp.records import BatchConfig, RawTableConfig

from deployment_account.environments import load_platform
from lake.tables.registry import FormatName
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.failures import DemoError
from rehearsal.demo.workspace import CONFIGURATION, ENVIRONMENT
from rehearsal.deployment.assembly import synthesise
from rehearsal.deployment.deployer import OnProgress, deploy
from rehearsal.emulator.process import Emulator
from rehearsal.report.model import ConfigurationRequest, EntryChange

_POLL_SECONDS = 0.2
_DECISION_SECONDS = 120
_UNDECIDED = "received"
REQUESTED_BY = "make demo"

Say = Callable[[str], None]


def wait_until_decided(lake: DeployedLake, name: str, say: Say, request_id: str | None = None) -> ConfigurationRequest:
    """Wait until the Configuration Manager has decided on a request, or on the first one that there is.

    Raises:
        DemoError: it has not after two minutes.
    """
    deadline = time.monotonic() + _DECISION_SECONDS
    while not (found := _decided(lake, request_id)):
        if time.monotonic() > deadline:
            message = (
                f"the Configuration Manager did not decide on {name} in {_DECISION_SECONDS} s; "
                "see its Lambda's log and the dead-letter queue"
            )
            raise DemoError(message)
        time.sleep(_POLL_SECONDS)
    request = _shown(lake, name, found[0])
    say(f"{request.status}: {request.summary}")
    return request


def wait_until_another_is_decided(lake: DeployedLake, name: str, say: Say, before: set[str]) -> ConfigurationRequest:
    """Wait until the Configuration Manager has decided on a request that is none of those before.

    Raises:
        DemoError: there was none, or it has not after two minutes.
    """
    deadline = time.monotonic() + _DECISION_SECONDS
    while not (found := [id_ for id_ in known_requests(lake) if id_ not in before]):
        if time.monotonic() > deadline:
            raise DemoError(f"nobody asked the Configuration Manager for {name} in {_DECISION_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    return wait_until_decided(lake, name, say, found[0])


def known_requests(lake: DeployedLake) -> set[str]:
    """The ids of all requests so far."""
    return {str(item["request_id"]) for item in lake.configuration_requests()}


def with_table(documents: Mapping[str, str], like: str, name: str, primary_key: str) -> dict[str, str]:
    """Give manifests with one entry more, beside the one of another table."""
    return {file: _with_entry(text, like, name, primary_key) for file, text in documents.items()}


def _with_entry(text: str, like: str, name: str, primary_key: str) -> str:
    content = json.loads(text)
    entries = content.get("raw_table_configs", [])
    if like not in (entry["source_table_name"] for entry in entries):
        return text
    added = {"source_table_name": name, "primary_key": primary_key}
    return json.dumps(content | {"raw_table_configs": [*entries, added]}, indent=2) + "\n"


def request_tables(
    lake: DeployedLake, title: str, requested_by: str, batch: BatchConfig, tables: Iterable[RawTableConfig]
) -> ConfigurationRequest:
    """Ask for these tables in one cadence and for no others, and wait for the decision; `title` stands for a commit."""
    entries = [fields_of(table) for table in tables]
    manifest = json.dumps({"batch_configs": [fields_of(batch)], "raw_table_configs": entries})
    request = lake.request_configuration(RequestContent(title, requested_by, {f"{title}.json": manifest}))
    return wait_until_decided(lake, f"the tables of {requested_by}", lambda _: None, request)


def in_format(documents: Mapping[str, str], format_: FormatName | None) -> dict[str, str]:
    """Give manifests whose tables have this format, unless they name one of their own; None changes nothing."""
    return {name: _in_format(text, format_) if format_ else text for name, text in documents.items()}


def _in_format(text: str, format_: FormatName) -> str:
    content = json.loads(text)
    defaults = content.get("defaults", {})
    if "raw_table_configs" not in content or defaults.keys() & {"table_format", "table_storage_type"}:
        return text
    return json.dumps(content | {"defaults": {**defaults, "table_format": format_}}, indent=2) + "\n"


def forbidden_change(documents: Mapping[str, str], manifests: Manifests) -> RequestContent:
    """Ask for another primary key of a filled table, and for a cadence that has no schedule."""
    filled, moved = manifests.tables[:2]

    def change(content: dict[str, Any]) -> None:
        for entry in content.get("raw_table_configs", []):
            if entry["source_table_name"] == filled.source_table_name:
                entry.pop("hudi_primary_key", None)  # the reference framework's name of the field
                entry["primary_key"] = "VENDORID"
            if entry["source_table_name"] == moved.source_table_name:
                entry["refresh_cadence"] = "1_hour_refresh"
        batches = content.get("batch_configs", [])
        batches += [{**batch, "refresh_cadence": "1_hour_refresh"} for batch in batches[:1]]

    return _changed(documents, change, "another key for a filled table, a cadence without schedule")


def permitted_change(documents: Mapping[str, str], manifests: Manifests) -> RequestContent:
    """Ask for larger batches of one cadence, which its next refresh then has."""
    first = manifests.batches[0]
    size = first.refresh_tables_batch_size + 1

    def change(content: dict[str, Any]) -> None:
        for batch in content.get("batch_configs", []):
            if batch["refresh_cadence"] == first.refresh_cadence:
                batch["refresh_tables_batch_size"] = size

    return _changed(documents, change, f"batches of {size} tables")


def _changed(texts: Mapping[str, str], change: Callable[[dict[str, Any]], None], what: str) -> RequestContent:
    changed: dict[str, str] = {}
    for name, text in texts.items():
        content = json.loads(text)
        change(content)
        changed[name] = json.dumps(content, indent=2)
    return RequestContent(f"no commit: {what}", REQUESTED_BY, changed)


def _decided(lake: DeployedLake, request_id: str | None) -> list[dict[str, Any]]:
    requests = lake.configuration_requests()
    wanted = [item for item in requests if request_id in (None, item["request_id"])]
    return [item for item in wanted if item["request_status"] != _UNDECIDED and _is_told(lake, item)]


def _is_told(lake: DeployedLake, item: dict[str, Any]) -> bool:
    """Whether every change of a request is recorded; its last line is written after the request counts as applied."""
    changes = sum(int(count) for count in item.get("changes", {}).values())
    return len(lake.configuration_changes(item["deployed_at"])) >= changes


def _shown(lake: DeployedLake, name: str, item: dict[str, Any]) -> ConfigurationRequest:
    changes = lake.configuration_changes(item["deployed_at"])
    return ConfigurationRequest(
        name=name,
        decided=datetime.fromisoformat(item["decided_at"]),
        status=item["request_status"],
        commit=item["commit"],
        requested_by=item["requested_by"],
        changes=tuple(_entry_change(line) for line in changes),
        reasons=tuple(item.get("reasons", ())),
    )


def _entry_change(line: dict[str, Any]) -> EntryChange:
    before, after = line.get("before", {}), line.get("after", {})
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    # an engine that is auto is not stored
    differences = tuple(
        (name, str(before.get(name, "")), str(after.get(name, ""))) for name in names if before and after
    )
    return EntryChange(line["source_table_name"], line["change"], differences)


# Deploys a lake without output, for tests and tools that need one.


def changed_configuration(folder: Path, **changes: object) -> Path:
    """Write the configuration into a folder, with other values of the environment that is rehearsed."""
    document = json.loads(CONFIGURATION.read_text())
    document["environments"][ENVIRONMENT] |= changes
    written = folder / CONFIGURATION.name
    written.write_text(json.dumps(document))
    return written


def deploy_lake(
    environment: str,
    emulator: Emulator,
    assemblies: Path,
    *,
    configuration: Path = CONFIGURATION,
    on_progress: OnProgress = lambda _: None,
) -> DeployedLake:
    """Deploy an environment as synthesised, and return when its manifests are the running configuration."""
    platform = load_platform(configuration)
    for assembly in synthesise(environment, assemblies, context={"environments": str(configuration.resolve())}):
        deploy(assembly, emulator, on_progress)
    lake = DeployedLake(platform, platform.environments[environment], emulator)
    wait_until_decided(lake, "the deployed manifests", say=lambda _: None)
    return lake
