"""What Lambda functions are deployed as: the runtime, and the packages that Lambda's own Python lacks, in one zip."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment_account.locked_packages import installed

SOURCE = Path(__file__).resolve().parents[1] / "src"
_PROJECT = Path(__file__).resolve().parents[2]
LOCK_IN_ARCHIVE = "requirements.txt"
LARGEST_UNZIPPED = 262_144_000
"""Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
_COMPRESSION = 1
"""A tenth larger than zlib's default, in a third of the time; Lambda limits the size unzipped."""
_FIRST_TIME_OF_ZIP = (1980, 1, 1, 0, 0, 0)


class PackageTooLargeError(Exception):
    """Lambda refuses a zip of this size; the message says what is in it."""


@dataclass(frozen=True)
class FunctionCode:
    """The zip of functions that need the same packages, and the Python that runs it."""

    name: str
    lock: Path
    platform: str
    python: str
    left_out: str = "(?!)"
    """A pattern of files of packages that nothing imports."""

    @property
    def folder(self) -> Path:
        """Where its packages are, with what is left out of the zip."""
        return installed(self.lock, platform=self.platform, python=self.python)

    def packages(self) -> Iterator[tuple[str, Path]]:
        """Give the files of its packages, by their names in the zip."""
        unused = re.compile(self.left_out)
        return ((name, path) for name, path in _files(self.folder) if not unused.search(name))


FUNCTIONS = FunctionCode("functions", _PROJECT / "requirements-lambda.txt", "aarch64-manylinux2014", "3.11")
"""Lambda's Python 3.11 on arm64 runs on Amazon Linux 2, whose glibc is 2.26."""
NATIVE = FunctionCode(
    "native",
    _PROJECT / "requirements-native.txt",
    "aarch64-manylinux_2_28",
    "3.13",
    left_out="|".join(
        (
            r"\.(pyi|pyx|pxd|pxi|h|hpp|cc|cmake|pc)$",
            r"^(click|fsspec|hive_metastore|markdown_it|mdurl|pygments|rich)/",
            r"^pyarrow/(include|includes|src|tests)/",
            r"^pyarrow/(libarrow_python_|libarrow_)?_?(flight|gandiva|orc|parquet_encryption)\.",
            r"^pyarrow/_(azurefs|dataset_orc|dataset_parquet_encryption|gcsfs|hdfs|pyarrow_cpp_tests)\.",
            # each library is there three times, and the loader asks for the one whose name ends in the major version
            r"^pyarrow/lib\w+\.so(\.\d+\.\d+\.\d+)?$",
            r"^zstandard/(_cffi|backend_rust)\.",
        )
    ),
)
"""There is no pyarrow for glibc 2.26, so that this function runs on Amazon Linux 2023, whose glibc is 2.34."""


@cache
def function_archive(code: FunctionCode = FUNCTIONS, largest: int = LARGEST_UNZIPPED) -> bytes:
    """Return the zip; the same sources and the same lock give the same bytes, wherever it is made.

    Raises:
        PackageTooLargeError: Lambda would refuse the zip at deployment.
    """
    _refuse_too_large(code, largest)
    archive = BytesIO(_zip_of_packages(code).read_bytes())
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        for name, path in sorted(_files(SOURCE)):
            _write(file, name, path.read_bytes())
        _write(file, LOCK_IN_ARCHIVE, code.lock.read_bytes())
    return archive.getvalue()


def _zip_of_packages(code: FunctionCode) -> Path:
    """Keep the packages zipped beside the folder of their lock: Arrow takes seconds, and sources change more often."""
    rule = hashlib.sha256(code.left_out.encode() + Path(__file__).read_bytes()).hexdigest()[:16]
    kept = code.folder.with_name(f"{code.folder.name}-{rule}.zip")
    if not kept.is_file():
        with TemporaryDirectory(dir=kept.parent, prefix=".zipping-") as folder:
            unfinished = Path(folder) / kept.name
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
                for name, path in sorted(code.packages()):
                    _write(file, name, path.read_bytes())
            unfinished.replace(kept)
    return kept


def _refuse_too_large(code: FunctionCode, largest: int) -> None:
    sizes: dict[str, int] = {}
    for name, path in (*code.packages(), *_files(SOURCE)):
        part = name.partition("/")[0]
        sizes[part] = sizes.get(part, 0) + path.stat().st_size
    total = sum(sizes.values()) + code.lock.stat().st_size
    if total > largest:
        most = sorted(sizes, key=lambda part: (-sizes[part], part))[:5]
        parts = ", ".join(f"{part} {_mb(sizes[part])}" for part in most)
        message = (
            f"{code.name}.zip, code of Lambda functions, is {_mb(total)} unzipped, and Lambda takes {_mb(largest)}: "
            f"{parts}; remove a package from the group of {code.lock.name} in pyproject.toml and run make lock, or "
            "leave out files that nothing imports (left_out in etl-repo/etl_cdk/function_code.py)"
        )
        raise PackageTooLargeError(message)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(folder).as_posix(), path


def _write(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _FIRST_TIME_OF_ZIP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16  # Lambda runs code as a user who owns none of it
    file.writestr(entry, content, compresslevel=_COMPRESSION)
