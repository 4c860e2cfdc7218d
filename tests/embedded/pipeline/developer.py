"""Somebody who pushes to the repository of the rehearsal."""

import subprocess
import sys
from pathlib import Path

from rehearsal.demo.workspace import PROJECT
from rehearsal.pipeline.rehearsal import Rehearsal, committed_copy

STAGE = Path("infra-repo") / "infra_cdk" / "infra_stage.py"
LAST_OF_EVERY_STAGE = "        self.network.add_stack_dependency(self.storage)\n"
FURTHER_STACK = """
        import aws_cdk as cdk

        further = cdk.Stack(self, "Further")
        cdk.CfnResource(
            further, "Parameter", type="AWS::SSM::Parameter",
            properties={"Type": "String", "Name": "/further", "Value": "deployed"},
        )
"""
INSTALL = "make install-synth"
"""The command of a build whose result `bring_installed_synthesis` pushes; whoever uses that leaves the command out."""
SYNTH_PYTHON = """#!/bin/sh
root="$(cd "$(dirname "$0")/../.." && pwd)"
export PYTHONPATH="$root:$root/infra-repo:$root/etl-repo:$root/etl-repo/src"{settings}
exec {python} "$@"
"""


class Developer:
    """Somebody with a clone of this project."""

    def __init__(self, clone: Path, rehearsal: Rehearsal) -> None:
        self._clone, self._rehearsal = committed_copy(PROJECT, clone), rehearsal

    def commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def add_a_stack(self) -> None:
        self.replace(str(STAGE), LAST_OF_EVERY_STAGE, LAST_OF_EVERY_STAGE + FURTHER_STACK)

    def bring_installed_synthesis(self, *, validates: bool) -> None:
        """Push with the code what INSTALL would install: a Python with the same packages, which knows this code alone.

        Installing, and the validation that synthesis makes of itself, are two thirds of a synthesis. The demo's
        pipelines, which tests/end_to_end runs, do both.
        """
        python = self._clone / ".venv-synth" / "bin" / "python"
        python.parent.mkdir(parents=True)
        settings = "" if validates else " CDK_VALIDATION=false"
        python.write_text(SYNTH_PYTHON.format(python=sys.executable, settings=settings))
        python.chmod(0o755)
        self._git("add", "--force", ".venv-synth")
        self.commit("Bring what is installed")

    def change_a_comment(self) -> None:
        with (self._clone / "infra-repo" / "app.py").open("a") as file:
            file.write("# nothing else changes\n")
        self.commit("Change a comment")

    def replace(self, file: str, before: str, after: str) -> None:
        path = self._clone / file
        text = path.read_text()
        assert text.count(before) == 1, f"{file} has not {before!r} once"
        path.write_text(text.replace(before, after))
        self.commit(f"Replace {before}")

    def take_back(self) -> None:
        self._git("reset", "--quiet", "--hard", "HEAD~1")

    def push(self, branch: str) -> str:
        return self._rehearsal.push("HEAD", branch, clone=self._clone)

    def _git(self, *words: str) -> None:
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *author, *words], cwd=self._clone, check=True, capture_output=True)
