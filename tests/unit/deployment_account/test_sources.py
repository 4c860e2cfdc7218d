"""Each source has a folder of its own; what is wrong is told in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.environments import load_platform
from deployment_account.sources import sources_json
from tests.unit.deployment_account.configurations import PLATFORM, platform_with, problems, written


def sources(tmp_path: Path, configured: Any) -> dict[str, str]:
    dev = load_platform(written(tmp_path, platform_with(sources=configured))).environments["dev"]
    return {name: source.folder for name, source in dev.sources.items()}


def test_environment_that_configures_no_source_has_the_default_one_at_the_top(tmp_path: Path) -> None:
    dev = load_platform(written(tmp_path, PLATFORM)).environments["dev"]
    assert sources_json(dev.sources) == '{"default":{"folder":""}}'


def test_folders_are_written_with_or_without_slashes_and_may_lie_in_each_other(tmp_path: Path) -> None:
    configured = {"default": {}, "crm": {"folder": "/dms/crm/"}, "erp_2": {"folder": "dms"}, "a-b": {"folder": "x y/z"}}
    assert sources(tmp_path, configured) == {"default": "", "crm": "dms/crm", "erp_2": "dms", "a-b": "x y/z"}


@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ({}, "names no source; leave it out"),
        ({"ERP": {}}, "'ERP' is no name of a source; begin with a-z, continue with a-z, 0-9, _ and -"),
        ({"1a": {}}, "'1a' is no name of a source"),
        ({"a:b": {}}, "'a:b' is no name of a source"),
        ({"a\n": {}}, "is no name of a source"),
        ({"a": {"folder": "x//y"}}, "'x//y' has an empty part between two slashes"),
        ({"a": {"folder": "x"}, "b": {"folder": "/x/"}}, "sources a and b have the same folder 'x'"),
        ({"a": {}, "b": {"folder": "/"}}, "sources a and b have the same folder ''"),
        ({"a": {"folders": "x"}}, "unknown field"),
    ],
)
def test_sources_that_cannot_be_told_apart_are_refused(tmp_path: Path, configured: Any, reason: str) -> None:
    (problem,) = problems(tmp_path, platform_with(sources=configured))
    assert reason in problem


def test_runtime_reads_what_the_configuration_writes(tmp_path: Path) -> None:
    from odp.file_manager.sources import Sources

    dev = load_platform(written(tmp_path, platform_with(sources={"crm": {"folder": "dms/crm/"}}))).environments["dev"]
    document = sources_json(dev.sources)
    assert json.loads(document) == {"crm": {"folder": "dms/crm"}}
    assert Sources.from_json(document).folders == {"crm": "dms/crm"}
