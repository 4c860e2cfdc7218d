"""Both apps are synthesised once for all tests, in every environment that they know, with cdk-nag watching.

What each kind of test is for, so that no fact is written down twice:

- snapshots (test_snapshots.py) hold whole templates. They show a reviewer every difference, and promise nothing.
- all other tests each state a promise in every environment, which must outlive an UPDATE_SNAPSHOTS: a right that nobody
  has, two places that must agree, a bound, a setting whose reason is in the name or the text of the test.
- a list or a number of resources alone is no promise: it is in the snapshot. A test that walks over resources asserts
  that there are some.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployment_account.revision import UNKNOWN_REVISION
from rehearsal import toolchain
from tests.configuration import KNOWN, KNOWN_MANIFESTS

# before the first import of aws_cdk, which starts node with this environment
os.environ.setdefault("JSII_NODE", str(toolchain.node()))
os.environ["CDK_VALIDATION"] = "false"
os.environ["CDK_CONTEXT_JSON"] = json.dumps({"environments": str(KNOWN), "table_configs": str(KNOWN_MANIFESTS)})
# the pipeline, which runs these tests, tells every synthesis its commit
os.environ.update(UNKNOWN_REVISION.variables)

from tests.synth.acknowledgements import Acknowledgement, acknowledgements
from tests.synth.synthesis import APPS, ENVIRONMENTS, Template, app_module, templates

if TYPE_CHECKING:
    import aws_cdk as cdk


@dataclass(frozen=True)
class Synthesis:
    """All templates by stack name, what cdk-nag found by rule and construct, and what is acknowledged to it."""

    templates: Mapping[str, Template]
    findings: frozenset[tuple[str, str]]
    acknowledgements: Sequence[Acknowledgement]


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    found: dict[str, Template] = {}
    findings: set[tuple[str, str]] = set()
    acknowledged: list[Acknowledgement] = []
    for name in APPS:
        folder = tmp_path_factory.mktemp(name)
        app = _app(name, folder)
        findings |= findings_of(app, folder)
        acknowledged += acknowledgements(app, folder)
        found |= templates(folder)
    return Synthesis(found, frozenset(findings), acknowledged)


def _app(name: str, folder: Path) -> cdk.App:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDK_OUTDIR", str(folder))
        app: cdk.App = app_module(name).build_app()
        return app


def findings_of(app: cdk.App, folder: Path, pack: str = "AwsSolutions") -> set[tuple[str, str]]:
    """Synthesise an app into a folder; what a pack of cdk-nag finds in it, by rule and construct."""
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

    checks = {"AwsSolutions": AwsSolutionsChecks, "NIST.800.53.R5": NIST80053R5Checks}[pack]
    cdk.Validations.of(app).add_plugins(checks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    return _findings(folder / "validation-report.json", pack)


def _findings(report: Path, pack: str) -> set[tuple[str, str]]:
    plugins = json.loads(report.read_text())["pluginReports"] if report.exists() else []
    return {
        (violation["ruleName"], construct["constructPath"])
        for plugin in plugins
        for violation in plugin["violations"]
        if plugin["pluginName"] == pack
        for construct in violation["violatingConstructs"]
    }


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def storage(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-infra-Storage"]


@pytest.fixture
def secrets(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-infra-Secrets"]


@pytest.fixture
def network(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-infra-Network"]


@pytest.fixture
def tables(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-Tables"]


@pytest.fixture
def odp(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-Odp"]


@pytest.fixture
def taxi(synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-Taxi"]


@pytest.fixture
def is_prod(environment: str) -> bool:
    return environment == "prod"
