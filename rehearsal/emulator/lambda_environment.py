"""A Lambda function sees its declared variables and AWS's runtime variables, nothing of the host's."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rehearsal.emulator import ministack_patches as patches

_RUNTIME = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def install() -> None:
    """Filter the environment with which ministack starts Lambda workers."""
    patches.LAMBDA_WORKER_SUBPROCESS.replace(lambda module: SimpleNamespace(**vars(module) | {"Popen": _popen}))


def _popen(command: list[str], *, env: dict[str, str], cwd: str | None = None, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - handed through
    return subprocess.Popen(command, env=_declared(env, cwd), cwd=cwd, **options)


def _declared(environment: dict[str, str], code: str | None) -> dict[str, str]:
    declared = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    # HOME keeps boto3 away from the configuration files of whoever runs the emulator.
    return declared | _RUNTIME | {"HOME": str(Path(code or "/")), "TMPDIR": os.environ["TMPDIR"]}
