"""Lambda functions run with AWS's runtime, their own packages and their role's session, and nothing of this machine.

Packages that were compiled for another processor do not run here. The lock, which the function's code carries, is
installed for this machine in place of them, and for its Python: whatever runtime a function names, the Python of the
emulator runs it. So packages of a function for Python 3.13 are here those of the same lock for Python 3.11.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deployment_account.locked_packages import installed
from rehearsal.emulator import iam, roles
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import FOLDER_OF_FUNCTIONS, NETWORK_VARIABLES, EmulatorSettings

OF_RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""What Python functions find without having brought it: AWS's SDK and what it needs."""
_RUNTIME_VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_LOCK = "requirements.txt"
_ARCHITECTURE = "REHEARSAL_ARCHITECTURE"
_MINISTACKS_LAYERS = "_LAMBDA_LAYERS_DIRS"
_MACHINES = {"arm64": ("aarch64", "arm64"), "x86_64": ("x86_64",)}
_REPORTED = '"error": str(e), "trace":'
_REPORTED_WITH_TYPE = '"error": str(e), "type": type(e).__name__, "trace":'

Answer = dict[str, Any]


class _TypedMessage(str):
    """An error message that carries the class of its exception on the way through ministack."""

    __slots__ = ("error_type",)
    error_type: str


def install(settings: EmulatorSettings) -> None:
    """Start functions as Lambda does, report what they raise by its class, and keep what they print."""
    runtime = _folder_of_runtime(settings.temporary / FOLDER_OF_FUNCTIONS)
    kept = {name: os.environ[name] for name in (*NETWORK_VARIABLES, "PATH", "HOME", "TMPDIR") if name in os.environ}
    start = partial(_start, runtime, {**kept, **settings.package_variables})
    worker = patches.LAMBDA_WORKER_SUBPROCESS
    worker.put(SimpleNamespace(**vars(worker.value) | {"Popen": start}))
    patches.LAMBDA_CREDENTIALS.put(_credentials)
    patches.LAMBDA_WORKER_CREDENTIALS.put(_credentials_and_architecture)
    script = patches.LAMBDA_WORKER_SCRIPT.value
    if script.count(_REPORTED) != 1:
        raise patches.UnsupportedEmulatorError("ministack's Lambda worker reports errors in another way than expected")
    patches.LAMBDA_WORKER_SCRIPT.put(script.replace(_REPORTED, _REPORTED_WITH_TYPE))
    patches.LAMBDA_WORKER_INVOKE.wrap(_invoke_with_type)
    patches.LAMBDA_EXECUTE.wrap(_execute_with_type)
    logs = settings.logs / "lambda"
    logs.mkdir(parents=True, exist_ok=True)
    patches.LAMBDA_EXECUTE.wrap(partial(_execute_and_log, logs))


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


def _credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a function's session, which lasts as long as the function runs.

    Ministack derives them from names that anybody can know, without any secret.
    """
    session = roles.session_of_function(
        config["FunctionArn"], role_arn=config.get("Role", ""), session_name=config["FunctionName"][:64]
    )
    iam.is_code(session.arn, sourcefunctionarn=config["FunctionArn"])
    vpc = (config.get("VpcConfig") or {}).get("VpcId")
    return session.environment() | ({iam.MARK_VARIABLE: iam.network_mark(vpc)} if vpc else {})


def _credentials_and_architecture(config: dict[str, Any]) -> dict[str, str]:
    """Let a function's configuration reach the place where its process is started."""
    return _credentials(config) | {_ARCHITECTURE: (config.get("Architectures") or ["x86_64"])[0]}


def _start(
    runtime: Path,
    of_installer: dict[str, str],
    command: list[str],
    *,
    env: dict[str, str],
    cwd: str,
    **options: Any,  # noqa: ANN401 - ministack has no types
) -> "subprocess.Popen[str]":
    """Start a function's process, which sees its declared variables and Lambda's own, nothing of the host's."""
    architecture = env.pop(_ARCHITECTURE, "")
    if command[0] == sys.executable:
        lock = Path(cwd) / _LOCK
        if lock.is_file() and not _runs_here(architecture):
            folders = [env[_MINISTACKS_LAYERS]] if _MINISTACKS_LAYERS in env else []
            # the worker puts each of them before those in front of it, and all of them before the function's code
            env[_MINISTACKS_LAYERS] = os.pathsep.join([*folders, str(installed(lock, environment=of_installer))])
        command, env = [command[0], "-S", *command[1:]], env | {"PYTHONPATH": str(runtime)}
    declared = {name: value for name, value in env.items() if os.environ.get(name) != value}
    # HOME keeps boto3 away from the configuration files of whoever runs the emulator.
    environment = declared | _RUNTIME_VARIABLES | {"HOME": cwd, "TMPDIR": os.environ["TMPDIR"]}
    return subprocess.Popen(command, env=environment, cwd=cwd, **options)


def _runs_here(architecture: str) -> bool:
    return platform.system() == "Linux" and platform.machine() in _MACHINES.get(architecture, ())


def _invoke_with_type(invoke: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:  # noqa: ANN401 - ministack has no types
    response = invoke(*arguments, **options)
    if error_type := response.get("type"):
        response["error"] = _TypedMessage(response["error"])
        response["error"].error_type = error_type
    return response


def _execute_with_type(execute: Callable[..., Answer], *arguments: Any) -> Answer:  # noqa: ANN401 - ministack has no types
    """A failure's errorType is its exception's class, which Retry and Catch look for, and not Runtime.HandlerError."""
    result = execute(*arguments)
    body = result.get("body")
    if result.get("error") and isinstance(body, dict) and isinstance(body.get("errorMessage"), _TypedMessage):
        body["errorType"] = body["errorMessage"].error_type
    return result


def _execute_and_log(folder: Path, execute: Callable[..., Answer], function: Answer, *arguments: Any) -> Answer:  # noqa: ANN401 - ministack has no types
    """Append each invocation's output to `<folder>/<function>.log`, where a person looks first."""
    result = execute(function, *arguments)
    if text := result.get("log"):
        name = (function.get("config") or function).get("FunctionName", "unknown")
        with (folder / f"{name}.log").open("a") as log:
            log.write(text.rstrip("\n") + "\n")
    return result
