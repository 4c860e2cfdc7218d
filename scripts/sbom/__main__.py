"""Writes the bill of materials: `python -m scripts.sbom FILE`, in the environment of requirements-tools.txt."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from scripts.sbom.document import document
from scripts.sbom.locks import locked_packages

PROJECT = Path(__file__).resolve().parents[2]


def main(target: Path) -> None:
    """Write what the lock files pin to this file."""
    about = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = locked_packages(PROJECT)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document(packages, name=about["name"], version=about["version"]) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target}: {len(packages)} components\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
