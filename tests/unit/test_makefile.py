"""`make test` runs every folder of the embedded tier, which it names one by one to run them side by side."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_every_folder_of_embedded_tests_is_run() -> None:
    named = re.search(r"^EMBEDDED := \$\(addprefix test-embedded-,(.+)\)$", (PROJECT / "Makefile").read_text(), re.M)
    assert named
    embedded = PROJECT / "tests" / "embedded"
    folders = {file.relative_to(embedded).parts[0] for file in embedded.glob("*/**/test_*.py")}
    assert set(named[1].split()) == folders
