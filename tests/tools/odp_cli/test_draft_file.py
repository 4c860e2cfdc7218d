"""A draft is written whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from odp_cli.draft_file import write_draft
from odp_cli.errors import CommandError
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_draft({"raw_table_configs": [{"source_table_name": "sales.orders"}]}, Path(sys.argv[1]))
except CommandError as error:
    sys.exit(str(error))
"""


def test_file_that_cannot_be_written_whole_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "draft.json"
    command = [sys.executable, "-B", "-c", _ON_A_FULL_DISK, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stderr.startswith(f"{path}: File too large")
    assert ended.returncode == 1
    assert not path.exists()
