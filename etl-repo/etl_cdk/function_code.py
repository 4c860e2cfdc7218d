"""What Lambda functions are deployed as: the runtime, and the packages that Lambda's own Python lacks, in one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from deployment_account.locked_packages import installed

SOURCE = Path(__file__).resolve().parents[1] / "src"
LOCK = Path(__file__).resolve().parents[2] / "requirements-lambda.txt"
PLATFORM = "aarch64-manylinux2014"
"""Lambda's Python 3.11 on arm64 runs on Amazon Linux 2, whose glibc is 2.26."""
LOCK_IN_ARCHIVE = "requirements.txt"
_FIRST_TIME_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@cache
def function_archive() -> bytes:
    """Return the zip; the same sources and the same lock give the same bytes, wherever it is made."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, path in sorted({**dict(_files(installed(LOCK, platform=PLATFORM))), **dict(_files(SOURCE))}.items()):
            _write(file, name, path.read_bytes())
        _write(file, LOCK_IN_ARCHIVE, LOCK.read_bytes())
    return archive.getvalue()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(folder).as_posix(), path


def _write(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _FIRST_TIME_OF_ZIP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16  # Lambda runs code as a user who owns none of it
    file.writestr(entry, content)
