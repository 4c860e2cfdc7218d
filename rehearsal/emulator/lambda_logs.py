"""What a Lambda function prints is kept in a file too, where a person looks first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Execute = Callable[..., dict[str, Any]]


def install(folder: Path) -> None:
    """Append each invocation's output to `<folder>/<function>.log`."""
    folder.mkdir(parents=True, exist_ok=True)
    patches.LAMBDA_EXECUTE.replace(lambda execute: _logged(execute, folder))


def _logged(execute: Execute, folder: Path) -> Execute:
    def execute_and_log(function: dict[str, Any], *arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - handed through
        result = execute(function, *arguments)
        if text := result.get("log"):
            name = (function.get("config") or function).get("FunctionName", "unknown")
            with (folder / f"{name}.log").open("a") as log:
                log.write(text.rstrip("\n") + "\n")
        return result

    return execute_and_log
