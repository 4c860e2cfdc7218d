"""Apps are synthesised as the CDK command would do it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.deployment import assembly
from rehearsal.deployment.assembly import SynthesisError, synthesise

# An app that writes what it was given where its assembly belongs.
APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(parents=True)
given = {"context": json.loads(os.environ["CDK_CONTEXT_JSON"]), "variables": sorted(os.environ), "folder": os.getcwd()}
(out / "given.json").write_text(json.dumps(given))
"""

MakeApps = Callable[..., None]


@pytest.fixture
def make_apps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeApps:
    monkeypatch.setattr(assembly, "PROJECT", tmp_path)

    def make(**sources: str) -> None:
        for app in assembly.APPS:
            (tmp_path / app).mkdir()
            (tmp_path / app / "app.py").write_text(sources.get(app.split("-")[0], APP))
            (tmp_path / app / "cdk.json").write_text(json.dumps({"context": {"flag": True, "who": app}}))

    return make


def _given(out: Path, app: str) -> dict[str, Any]:
    given: dict[str, Any] = json.loads((out / app / "given.json").read_text())
    return given


def test_both_apps_are_synthesised_infra_first(make_apps: MakeApps, tmp_path: Path) -> None:
    make_apps()
    folders = [assembly.folder for assembly in synthesise("dev", tmp_path / "out")]
    assert folders == [tmp_path / "out" / "infra-repo", tmp_path / "out" / "etl-repo"]
    assert _given(tmp_path / "out", "etl-repo")["folder"] == str(tmp_path / "etl-repo")


def test_an_app_gets_its_own_context_and_the_environment(make_apps: MakeApps, tmp_path: Path) -> None:
    make_apps()
    synthesise("dev", tmp_path / "out", context={"prefix": "x"})
    context = _given(tmp_path / "out", "infra-repo")["context"]
    assert context == {"flag": True, "who": "infra-repo", "direct": "dev", "prefix": "x"}


def test_what_the_cdk_has_remembered_goes_before_cdk_json(make_apps: MakeApps, tmp_path: Path) -> None:
    make_apps()
    (tmp_path / "infra-repo" / "cdk.context.json").write_text(json.dumps({"who": "remembered"}))
    synthesise("dev", tmp_path / "out")
    assert _given(tmp_path / "out", "infra-repo")["context"]["who"] == "remembered"


def test_nothing_of_the_developers_environment_reaches_an_app(
    make_apps: MakeApps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "999999999999")
    make_apps()
    synthesise("dev", tmp_path / "out")
    variables = _given(tmp_path / "out", "infra-repo")["variables"]
    assert "JSII_NODE" in variables
    assert not {"AWS_PROFILE", "CDK_DEFAULT_ACCOUNT"} & set(variables)


def test_a_failing_app_is_named_with_what_it_said(make_apps: MakeApps, tmp_path: Path) -> None:
    make_apps(etl="raise SystemExit('table_configs/a.json: unknown field tabel')")
    with pytest.raises(SynthesisError, match=r"etl-repo could not be synthesised:\n.*a\.json: unknown field tabel"):
        synthesise("dev", tmp_path / "out")


def test_the_other_app_does_not_run_on_after_a_failure(make_apps: MakeApps, tmp_path: Path) -> None:
    make_apps(infra="raise SystemExit('at once')", etl="import time; time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(SynthesisError, match="at once"):
        synthesise("dev", tmp_path / "out")
    assert time.monotonic() - started < 30


def test_a_missing_app_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "PROJECT", tmp_path)
    with pytest.raises(SynthesisError, match="there is no infra-repo/app.py"):
        synthesise("dev", tmp_path / "out")
