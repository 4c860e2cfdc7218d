"""A buildspec is read strictly: phases in CodeBuild's order, and nothing passed over in silence."""

import json
from typing import Any

import pytest

from rehearsal.pipeline.buildspec import ArtifactSpec, BuildSpec, is_inline
from rehearsal.pipeline.definition import UnsupportedPipelineError

DOCUMENT: dict[str, Any] = {
    "version": "0.2",
    "env": {"variables": {"NUMBER": 3}, "exported-variables": ["MESSAGE"]},
    "phases": {
        "build": {"commands": ["make"], "finally": ["echo done"], "on-failure": "ABORT"},
        "install": {"runtime-versions": {"python": "3.11", "nodejs": 22}, "commands": ["make install"]},
    },
    "artifacts": {
        "base-directory": "out",
        "files": ["**/*"],
        "secondary-artifacts": {"Logs": {"files": "*.log"}},
    },
}


def test_phases_come_in_the_order_in_which_codebuild_runs_them() -> None:
    spec = BuildSpec.parse(json.dumps(DOCUMENT))
    assert [phase.name for phase in spec.phases] == ["install", "build"]
    assert spec.commands == ("make install", "make")
    assert spec.phases[1].finally_commands == ("echo done",)
    assert [phase.aborts_on_failure for phase in spec.phases] == [False, True]


def test_runtimes_variables_and_artifacts_are_read() -> None:
    spec = BuildSpec.parse(json.dumps(DOCUMENT))
    assert spec.runtimes == {"python": "3.11", "nodejs": "22"}
    assert (spec.variables, spec.exported) == ({"NUMBER": "3"}, ("MESSAGE",))
    assert spec.artifacts == ArtifactSpec(("**/*",), "out")
    assert spec.secondary_artifacts == {"Logs": ArtifactSpec(("*.log",))}


def test_yaml_is_read_as_well() -> None:
    spec = BuildSpec.parse("version: 0.2\nphases:\n  build:\n    commands: [ls]\n")
    assert spec.commands == ("ls",)
    assert spec.artifacts is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": "0.1"}, "version 0.2"),
        ({"cache": {}}, "cache"),
        ({"env": {"secrets-manager": {}}}, "env: secrets-manager"),
        ({"phases": {"build": {"run-as": "root"}}}, "phase: run-as"),
        ({"phases": {"build": {"on-failure": "RETRY"}}}, "on-failure: RETRY"),
        ({"artifacts": {"files": ["*"], "discard-paths": True}}, "artifacts: discard-paths"),
    ],
)
def test_what_is_not_rehearsed_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UnsupportedPipelineError, match=told):
        BuildSpec.parse(json.dumps(DOCUMENT | change))


def test_a_buildspec_is_told_from_the_name_of_its_file() -> None:
    assert is_inline('{"version": "0.2"}')
    assert is_inline("version: 0.2\nphases: {}")
    assert not is_inline("buildspec-c83c.yaml")
