"""The cost document describes the templates that are synthesised now, in all environments."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


def test_the_document_is_not_stale() -> None:
    command = (sys.executable, "-m", "scripts.idle_cost", "--check")
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
