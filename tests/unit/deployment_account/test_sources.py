"""Each source has a folder of its own; what is wrong is told in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from deployment_account.sources import replications, sources_json
from tests.unit.deployment_account.configurations import PLATFORM, platform_with, problems, written
from tests.unit.deployment_account.test_replications import DATABASE

EXTERNAL: dict[str, Any] = {"replication": {"kind": "external"}}


def external(**folders: str) -> dict[str, Any]:
    """Sources whose files another team or tool writes, by name."""
    return {name: {"folder": folder, **EXTERNAL} for name, folder in folders.items()}


def sources(tmp_path: Path, configured: Any) -> dict[str, str]:
    dev = load_platform(written(tmp_path, platform_with(sources=configured))).environments["dev"]
    return {name: source.folder for name, source in dev.sources.items()}


def test_environment_that_configures_no_source_has_the_default_one_at_the_top(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    assert sources_json(dev.sources) == '{"default":{"folder":""}}'


def test_folders_are_written_with_or_without_slashes_and_may_lie_in_each_other(tmp_path: Path) -> None:
    configured = external(default="", crm="/dms/crm/", erp_2="dms", **{"a-b": "x y/z"})
    assert sources(tmp_path, configured) == {"default": "", "crm": "dms/crm", "erp_2": "dms", "a-b": "x y/z"}


@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ({}, "names no source; leave it out"),
        (external(ERP=""), "'ERP' is no name of a source; begin with a-z, continue with a-z, 0-9, _ and -"),
        (external(**{"1a": ""}), "'1a' is no name of a source"),
        (external(**{"a:b": ""}), "'a:b' is no name of a source"),
        (external(**{"a\n": ""}), "is no name of a source"),
        (external(a="x//y"), "'x//y' has an empty part between two slashes"),
        (external(a="x", b="/x/"), "sources a and b have the same folder 'x'"),
        (external(a="", b="/"), "sources a and b have the same folder ''"),
        ({"a": {"folders": "x", **EXTERNAL}}, "unknown field"),
    ],
)
def test_sources_that_cannot_be_told_apart_are_refused(tmp_path: Path, configured: Any, reason: str) -> None:
    (problem,) = problems(tmp_path, platform_with(sources=configured))
    assert reason in problem


def test_runtime_reads_what_the_configuration_writes(tmp_path: Path) -> None:
    from odp.file_manager.sources import Sources

    dev = load_platform(written(tmp_path, platform_with(sources=external(crm="dms/crm/")))).environments["dev"]
    document = sources_json(dev.sources)
    assert json.loads(document) == {"crm": {"folder": "dms/crm"}}
    assert Sources.from_json(document).folders == {"crm": "dms/crm"}


@pytest.mark.parametrize("source", [{}, {"folder": "dms"}, {"replication": None}])
def test_a_source_says_who_replicates_it(tmp_path: Path, source: dict[str, Any]) -> None:
    """Before, a source without replication was another team's in silence."""
    (problem,) = problems(tmp_path, platform_with(sources={"crm": source}))
    assert problem == (
        'environments.dev.sources.crm: replication: write {"kind": "external"} if another team or tool writes the '
        "files; otherwise engine, network and secret of the database, which AWS DMS then replicates"
    )


def test_the_replication_of_others_is_none_of_this_platform(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, platform_with(sources=external(crm="x")))).environments["dev"]
    assert dev.sources["crm"].replication.kind == "external"
    assert replications(dev.sources) == {}


@pytest.mark.parametrize("field", [{"engine": "mysql"}, {"secret": "source-database", "capacity": {"maximum": 2}}])
def test_a_replication_of_others_that_names_a_database_is_refused(tmp_path: Path, field: dict[str, Any]) -> None:
    (problem,) = problems(tmp_path, platform_with(sources={"crm": {"replication": {"kind": "external", **field}}}))
    assert "kind: external, so another team or tool writes the files: leave " in problem
    assert f"leave {', '.join(field)} out, or write serverless or instance" in problem


def test_a_kind_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, platform_with(sources={"crm": {"replication": {"kind": "extern", **DATABASE}}}))
    assert "kind: 'extern' is not known; write serverless, instance or external" in problem
