"""A Lambda function imports the packages of its own lock and what Lambda's runtime has, nothing else of this machine.

Packages that were compiled for another processor do not run here. The lock, which the function's code carries, is
installed for this machine in place of them.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deployment_account.locked_packages import installed
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import NETWORK_VARIABLES, EmulatorSettings

OF_RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""What Python functions find without having brought it: AWS's SDK and what it needs."""
_LOCK = "requirements.txt"
_ARCHITECTURE = "REHEARSAL_ARCHITECTURE"
_MINISTACKS_LAYERS = "_LAMBDA_LAYERS_DIRS"
_MACHINES = {"arm64": ("aarch64", "arm64"), "x86_64": ("x86_64",)}

Popen = Callable[..., "subprocess.Popen[str]"]


def install(settings: EmulatorSettings) -> None:
    """Start Python functions without the emulator's packages; this wraps what else there is to starting them."""
    runtime = _folder_of_runtime(settings.temporary / "lambda-runtime")
    kept = {name: os.environ[name] for name in (*NETWORK_VARIABLES, "PATH", "HOME", "TMPDIR") if name in os.environ}
    environment = {**kept, **settings.package_variables}
    patches.LAMBDA_WORKER_CREDENTIALS.replace(_with_architecture)
    patches.LAMBDA_WORKER_SUBPROCESS.replace(
        lambda module: SimpleNamespace(**vars(module) | {"Popen": _starting(module.Popen, runtime, environment)})
    )


def _folder_of_runtime(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in OF_RUNTIME:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed, which Lambda's runtime has: run make install")
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).unlink(missing_ok=True)
        (folder / source.name).symlink_to(source)
    return folder


def _with_architecture(give: Callable[[dict[str, Any]], dict[str, str]]) -> Callable[[dict[str, Any]], dict[str, str]]:
    """Let a function's configuration reach the place where its process is started."""
    return lambda config: give(config) | {_ARCHITECTURE: (config.get("Architectures") or ["x86_64"])[0]}


def _starting(popen: Popen, runtime: Path, environment: Mapping[str, str]) -> Popen:
    def start(command: list[str], *, env: dict[str, str], cwd: str, **options: Any) -> "subprocess.Popen[str]":  # noqa: ANN401 - handed through
        architecture = env.pop(_ARCHITECTURE, "")
        if command[0] != sys.executable:
            return popen(command, env=env, cwd=cwd, **options)
        lock = Path(cwd) / _LOCK
        if lock.is_file() and not _runs_here(architecture):
            folders = [env[_MINISTACKS_LAYERS]] if _MINISTACKS_LAYERS in env else []
            # the worker puts each of them before those in front of it, and all of them before the function's code
            env[_MINISTACKS_LAYERS] = os.pathsep.join([*folders, str(installed(lock, environment=environment))])
        without_site_packages = [command[0], "-S", *command[1:]]
        return popen(without_site_packages, env=env | {"PYTHONPATH": str(runtime)}, cwd=cwd, **options)

    return start


def _runs_here(architecture: str) -> bool:
    return platform.system() == "Linux" and platform.machine() in _MACHINES.get(architecture, ())
