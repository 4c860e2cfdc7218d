"""The document of idle costs is that of the templates as they are synthesised now, in all environments."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "scripts.idle_cost", "--check")


def test_the_document_is_not_stale_and_one_that_is_gets_told(tmp_path: Path) -> None:
    stale = tmp_path / "idle-cost.md"
    stale.write_text((PROJECT / "docs" / "idle-cost.md").read_text() + "added by hand")
    fresh, told = (
        subprocess.run((*COMMAND, *option), cwd=PROJECT, capture_output=True, text=True, check=False)
        for option in ((), ("--document", str(stale)))
    )
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    assert told.returncode == 1
    assert "is stale: run `python -m scripts.idle_cost`" in " ".join(told.stdout.split())
