"""Athena reads a Hudi table's latest file slices; ministack would read every data file that was ever written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from hudi import HudiTableBuilder

from rehearsal.emulator import ministack_patches as patches

Relation = Callable[[dict[str, Any], list[str]], str]
_TIMELINE = ".hoodie/"
_COPIES = "ministack-athena-"


def install() -> None:
    """Let queries read only the files of the latest commit."""
    patches.ATHENA_TABLE_RELATION.replace(_of_latest_commit)


def _of_latest_commit(relation: Relation) -> Relation:
    def table_relation(table: dict[str, Any], files: list[str]) -> str:
        folder = _folder_of(files)
        if not _copy_timeline(table["StorageDescriptor"]["Location"], folder):
            return relation(table, files)
        slices = HudiTableBuilder.from_base_uri(str(folder)).build().get_file_slices()
        live = [str(folder / each.base_file_relative_path()) for each in slices]
        return relation(table, live) if live else str(patches.ATHENA_EMPTY_RELATION.value(table))

    return table_relation


def _folder_of(files: list[str]) -> Path:
    """Where ministack has copied the table to."""
    return next(folder for folder in Path(files[0]).parents if folder.name.startswith(_COPIES))


def _copy_timeline(location: str, folder: Path) -> bool:
    """Copy what ministack leaves out because its name begins with a point; False if this is no Hudi table."""
    parsed = urlparse(location)
    prefix = parsed.path.strip("/") + "/"
    keys = [key for key in patches.S3_BUCKETS.value[parsed.netloc]["objects"] if key.startswith(prefix + _TIMELINE)]
    for key in keys:
        data = patches.S3_OBJECT_DATA.value(parsed.netloc, key)
        path = folder / key.removeprefix(prefix)
        if data is not None and not key.endswith("/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return f"{prefix}{_TIMELINE}hoodie.properties" in keys
