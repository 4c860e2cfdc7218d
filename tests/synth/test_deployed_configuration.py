"""What is deployed: both apps for config/environments.json, whatever its owners wrote into it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.configuration import DEPLOYED, DEPLOYED_MANIFESTS, PROJECT
from tests.synth.configurations import configured_app
from tests.synth.conftest import findings_of
from tests.synth.synthesis import APPS


@pytest.mark.parametrize("app", APPS)
def test_it_is_synthesised_and_cdk_nag_finds_nothing_in_it(
    app: str, deployed_configuration: Path, tmp_path: Path
) -> None:
    document = json.loads(deployed_configuration.read_text())
    built = configured_app(document, tmp_path, app, DEPLOYED_MANIFESTS)
    assert findings_of(built, tmp_path / "out") == set()


@pytest.mark.parametrize("app", APPS)
def test_it_is_what_an_app_reads_unless_it_is_told_of_another(app: str) -> None:
    folder = PROJECT / f"{app}-repo"
    context = json.loads((folder / "cdk.json").read_text())["context"]
    assert (folder / context["environments"]).resolve() == DEPLOYED


def test_the_etl_app_reads_the_manifests_beside_it_unless_it_is_told_of_others() -> None:
    context = json.loads((PROJECT / "etl-repo" / "cdk.json").read_text())["context"]
    assert (PROJECT / "etl-repo" / context["table_configs"]).resolve() == DEPLOYED_MANIFESTS
