"""The program does what CodeBuild does with a buildspec: run here by the real shell."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline.buildspec import BuildSpec, build_script


class Build:
    """A program that has run."""

    def __init__(self, folder: Path, spec: dict[str, Any], skipped: tuple[str, ...] = ()) -> None:
        parsed = BuildSpec.parse(json.dumps({"version": "0.2", **spec}))
        script = build_script(parsed, source=folder, exported_to=folder / "exported", skipped=skipped)
        # its standard input stays open while it runs, as that of a child of the emulator does
        with subprocess.Popen(
            ["bash", "-c", script], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout
            self.output = process.stdout.read()
            self.code = process.wait()
        exported = folder / "exported"
        self.exported = exported.read_text() if exported.exists() else ""


def phases(**commands: list[str]) -> dict[str, Any]:
    return {"phases": {name: {"commands": each} for name, each in commands.items()}}


def test_phases_share_one_shell(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    build = Build(tmp_path, phases(install=["cd inner", "export X=carried"], build=["echo $X in $(basename $PWD)"]))
    assert "carried in inner" in build.output
    assert build.code == 0


def test_the_first_command_that_fails_ends_its_phase_and_gives_the_exit_code(tmp_path: Path) -> None:
    build = Build(tmp_path, phases(build=["exit_with() { return $1; }", "exit_with 3", "echo never"]))
    assert build.code == 3
    assert "never" not in build.output.replace("Running command echo never", "")
    assert "Phase BUILD failed" in build.output


def test_nothing_is_built_when_the_installation_failed(tmp_path: Path) -> None:
    build = Build(tmp_path, phases(install=["false"], build=["echo built"], post_build=["echo after"]))
    assert build.code == 1
    assert "built" not in build.output
    assert "after" not in build.output


def test_what_comes_after_a_failed_build_still_runs_and_knows_it(tmp_path: Path) -> None:
    build = Build(tmp_path, phases(build=["false"], post_build=["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]))
    assert "succeeding=0" in build.output
    assert build.code == 1


def test_a_phase_that_aborts_on_failure_ends_the_build(tmp_path: Path) -> None:
    spec = {"phases": {"build": {"commands": ["false"], "on-failure": "ABORT"}, "post_build": {"commands": ["echo x"]}}}
    assert "POST_BUILD" not in Build(tmp_path, spec).output


def test_a_finally_runs_also_after_a_failure(tmp_path: Path) -> None:
    build = Build(tmp_path, {"phases": {"build": {"commands": ["false"], "finally": ["echo cleaned"]}}})
    assert "\ncleaned" in build.output
    assert build.code == 1


def test_exported_variables_are_told(tmp_path: Path) -> None:
    spec = {"env": {"exported-variables": ["MESSAGE"]}, **phases(build=['export MESSAGE="two words"'])}
    assert Build(tmp_path, spec).exported == "MESSAGE=two words\0"


def test_a_skipped_command_is_named_and_not_run(tmp_path: Path) -> None:
    build = Build(tmp_path, phases(build=["false", "echo goes on"]), skipped=("false",))
    assert build.code == 0
    assert "Left out of this rehearsal: false" in build.output
    assert "\ngoes on" in build.output


def test_commands_do_not_read_the_input_of_the_emulator(tmp_path: Path) -> None:
    assert Build(tmp_path, phases(build=["cat"])).code == 0


@pytest.mark.timeout(30)
def test_a_build_ends_with_the_emulator_that_holds_its_input(tmp_path: Path) -> None:
    parsed = BuildSpec.parse(json.dumps({"version": "0.2", **phases(build=["echo begun", "sleep 600"])}))
    script = build_script(parsed, source=tmp_path, exported_to=tmp_path / "exported")
    process = subprocess.Popen(
        ["bash", "-c", script], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    assert process.stdin
    while process.stdout.readline().strip() != "begun":
        pass
    process.stdin.close()
    assert process.wait() < 0
    process.stdout.close()
