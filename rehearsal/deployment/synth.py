"""Synthesis: both apps run as CDK would run them, side by side, with their own cdk.json as context."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deployment_account.revision import Revision
from rehearsal import toolchain
from rehearsal.deployment.assembly import Assembly
from rehearsal.emulator.host_packages import package_variables, variables_of_runtimes
from rehearsal.emulator.settings import NETWORK_VARIABLES

PROJECT = Path(__file__).resolve().parent.parent.parent
# The order of deployment: the etl stage reads what the infra stage publishes.
APPS = ("infra-repo", "etl-repo")
_LINES_SHOWN = 40
# the last ones so that the packages of functions can be installed, if they are not there
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", *NETWORK_VARIABLES)


class SynthesisError(Exception):
    """An app could not be synthesised; the message is what the app said."""


def synthesise(environment: str, out: Path, *, context: Mapping[str, Any] | None = None) -> tuple[Assembly, ...]:
    """Synthesise one environment's stages into `out` and return the assemblies in the order of their deployment."""
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for app in APPS:
            running[app] = _start(app, out / app, {"direct": environment, **(context or {})})
        for app, process in running.items():
            _finish(app, process)
    finally:
        for process in running.values():
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
    return tuple(Assembly(out / app) for app in APPS)


def _start(app: str, out: Path, context: Mapping[str, Any]) -> subprocess.Popen[str]:
    folder = PROJECT / app
    if not (folder / "app.py").is_file():
        raise SynthesisError(f"{app}: there is no {app}/app.py")
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    variables = kept | variables_of_runtimes(package_variables(), ["python"])
    variables |= {
        "CDK_OUTDIR": str(out),
        # `cdk synth` hands cdk.json's context to the app; a bare `python app.py` would go without its feature flags.
        "CDK_CONTEXT_JSON": json.dumps(_own_context(folder) | dict(context)),
        # The templates are deployed next, which validates them: half of the time of synth is saved.
        "CDK_VALIDATION": "false",
        "JSII_NODE": str(toolchain.node()),
        **Revision.of_working_tree(PROJECT).variables,
    }
    return subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=variables, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def _own_context(folder: Path) -> dict[str, Any]:
    """Return what the CDK command would hand to the app: cdk.json's context, then the context of cdk.context.json."""
    context: dict[str, Any] = json.loads((folder / "cdk.json").read_text()).get("context", {})
    remembered = folder / "cdk.context.json"
    return context | (json.loads(remembered.read_text()) if remembered.exists() else {})


def _finish(app: str, process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate()
    if process.returncode:
        raise SynthesisError(f"{app} could not be synthesised:\n" + "\n".join(errors.splitlines()[-_LINES_SHOWN:]))
