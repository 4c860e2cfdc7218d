"""Ends Glue runs and functions as a crash would."""

import os
import signal
from pathlib import Path


def kill(run: str) -> None:
    """End a Glue run's processes as a crash would: they lead a process group of their own."""
    (leader,) = [pid for pid, command in _commands().items() if "glue_runner.bootstrap" in command and run in command]
    os.killpg(leader, signal.SIGKILL)


def kill_function(name: str, endpoint: str) -> None:
    """End the processes of a function of the emulator at this endpoint, as Lambda does when memory runs out."""
    marks = {f"AWS_LAMBDA_FUNCTION_NAME={name}", f"AWS_ENDPOINT_URL={endpoint}"}
    found = [pid for pid, variables in _variables().items() if marks <= variables]
    assert found, f"{name} does not run"
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def _variables() -> dict[int, set[str]]:
    """Give the variables of each process of this user."""
    variables: dict[int, set[str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables[int(folder.name)] = {*(folder / "environ").read_text(errors="replace").split("\0")}
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return variables


def _commands() -> dict[int, str]:
    commands: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            commands[int(folder.name)] = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return commands
