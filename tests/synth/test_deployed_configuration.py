"""What is deployed: both apps for config/environments.json and the manifests, whatever their owners wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from etl_cdk import etl_stage

from tests.configuration import DEPLOYED, PROJECT
from tests.synth.configurations import configured_app
from tests.synth.conftest import findings_of
from tests.synth.synthesis import APPS


@pytest.mark.parametrize("app", APPS)
def test_it_is_synthesised_and_cdk_nag_finds_nothing_in_it(
    app: str, deployed_configuration: Path, deployed_manifests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl_stage, "TABLE_CONFIGS", deployed_manifests)
    document = json.loads(deployed_configuration.read_text())
    assert findings_of(configured_app(document, tmp_path, app), tmp_path / "out") == set()


@pytest.mark.parametrize("app", APPS)
def test_it_is_what_an_app_reads_unless_it_is_told_of_another(app: str) -> None:
    folder = PROJECT / f"{app}-repo"
    context = json.loads((folder / "cdk.json").read_text())["context"]
    assert (folder / context["environments"]).resolve() == DEPLOYED
