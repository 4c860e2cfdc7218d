"""Writes a manifest that a command drafted into a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from odp_cli.errors import CommandError


def write_draft(manifest: dict[str, Any], path: Path) -> None:
    """Write a draft to a new file: a person's manifest is never overwritten.

    Raises:
        CommandError: the file exists, or cannot be written; then nothing of it is left.
    """
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            _write_whole(text, file, path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", mend="name a new file in a folder that exists") from error


def _write_whole(text: str, file: TextIO, path: Path) -> None:
    try:
        file.write(text)
        file.flush()
    except OSError:
        path.unlink()
        raise
