"""Cloud assemblies: both apps are synthesised as the CDK would, and read with their stages, stacks and file assets."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from deployment_account.revision import Revision
from rehearsal import toolchain
from rehearsal.emulator.settings import (
    NETWORK_VARIABLES,
    WITHOUT_VALIDATION,
    package_variables,
    variables_of_runtimes,
)

# Reads a cloud assembly: its stacks in the order of their dependencies, its file assets, nested stages included.

_STACK, _ASSETS, _STAGE = "aws:cloudformation:stack", "cdk:asset-manifest", "cdk:cloud-assembly"


class AssemblyError(Exception):
    """The folder is not a cloud assembly that can be deployed."""


@dataclass(frozen=True)
class FileAsset:
    """A file or folder to be put under a key of the bootstrap bucket."""

    path: Path
    is_folder: bool
    bucket: str
    key: str
    account: str
    region: str


@dataclass(frozen=True)
class Stack:
    """One stack as synthesised."""

    name: str
    account: str
    region: str
    template: Path
    template_url: str
    tags: dict[str, str]
    bootstrap_parameter: str


class Assembly:
    """A synthesised app, read from its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The stacks of all stages, every one after those it depends on."""
        return tuple(stack for folder in self._folders() for stack in _stacks(folder))

    @property
    def assets(self) -> tuple[FileAsset, ...]:
        """The file assets of all stacks, every one once."""
        return tuple(dict.fromkeys(asset for folder in self._folders() for asset in _assets(folder)))

    def _folders(self) -> Iterator[Path]:
        yield from _with_stages(self.folder)


def _with_stages(folder: Path) -> Iterator[Path]:
    yield folder
    for artifact in _artifacts(folder).values():
        if artifact["type"] == _STAGE:
            yield from _with_stages(folder / artifact["properties"]["directoryName"])


def _artifacts(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        return json.loads((folder / "manifest.json").read_text()).get("artifacts") or {}
    except (OSError, ValueError) as error:
        raise AssemblyError(f"{folder} is no cloud assembly: {error}") from error


def _stacks(folder: Path) -> Iterator[Stack]:
    artifacts = _artifacts(folder)
    order = TopologicalSorter({name: artifact.get("dependencies", ()) for name, artifact in artifacts.items()})
    for name in order.static_order():
        if artifacts.get(name, {}).get("type") == _STACK:
            yield _stack(folder, name, artifacts[name])


def _stack(folder: Path, name: str, artifact: dict[str, Any]) -> Stack:
    properties = artifact["properties"]
    account, region = _environment(artifact)
    return Stack(
        name=properties.get("stackName", name),
        account=account,
        region=region,
        template=folder / properties["templateFile"],
        template_url=properties["stackTemplateAssetObjectUrl"],
        tags=properties.get("tags", {}),
        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", ""),
    )


def _environment(stack: dict[str, Any]) -> tuple[str, str]:
    account, region = stack["environment"].removeprefix("aws://").split("/")
    if "unknown" in account or "unknown" in region:
        raise AssemblyError("a stack names no account or Region: synthesise it with an explicit environment")
    return account, region


def _assets(folder: Path) -> Iterator[FileAsset]:
    artifacts = _artifacts(folder)
    for stack in (artifact for artifact in artifacts.values() if artifact["type"] == _STACK):
        account, region = _environment(stack)
        for name in stack.get("dependencies", ()):
            if artifacts[name]["type"] == _ASSETS:
                for file in _files(folder / artifacts[name]["properties"]["file"]):
                    yield from _destinations(folder, file, account, region)


def _files(manifest: Path) -> list[dict[str, Any]]:
    content = json.loads(manifest.read_text())
    if content.get("dockerImages"):
        raise AssemblyError(f"{manifest} names container images, which cannot be published here")
    return list(content.get("files", {}).values())


def _destinations(folder: Path, file: dict[str, Any], account: str, region: str) -> Iterator[FileAsset]:
    source = file["source"]
    for destination in file["destinations"].values():
        yield FileAsset(
            path=(folder / source["path"]).resolve(),
            is_folder=source["packaging"] == "zip",
            bucket=destination["bucketName"],
            key=destination["objectKey"],
            account=account,
            region=destination.get("region", region),
        )


# Synthesis: both apps run as CDK would run them, side by side, with their own cdk.json as context.

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
        **WITHOUT_VALIDATION,  # the templates are deployed next, which validates them
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
