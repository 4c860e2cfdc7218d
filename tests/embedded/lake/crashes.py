"""Ends Glue runs as a crash would."""

import os
import signal
from pathlib import Path


def kill(run: str) -> None:
    """End a Glue run's processes as a crash would: they lead a process group of their own."""
    (leader,) = [pid for pid, command in _commands().items() if "glue_runner.bootstrap" in command and run in command]
    os.killpg(leader, signal.SIGKILL)


def _commands() -> dict[int, str]:
    commands: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            commands[int(folder.name)] = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return commands
