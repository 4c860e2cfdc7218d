"""What synthesis made, as data: nothing of it is run. One that is not the approved one is not published."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .command_line import UnreadableError


def digest(folder: Path) -> str:
    """One number for the names and contents of all files, and for the targets of links."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise UnreadableError(f"{name} is a link, which may lead to something else later")
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(json.dumps([name, content]).encode())
    return whole.hexdigest()


def publish(folder: Path) -> None:
    """Publish what the manifests of all stacks below the folder name, by CDK's own publisher."""
    manifests = sorted(folder.glob("assembly-*/*.assets.json"))
    for manifest in manifests:
        _refuse_programs(manifest)
    for manifest in manifests:
        subprocess.run(["cdk-assets", "--path", str(manifest), "--verbose", "publish"], check=True)


def _refuse_programs(manifest: Path) -> None:
    """A manifest may name a program that makes an asset, or a folder from which an image is built."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    if content.get("dockerImages"):
        raise UnreadableError(f"{manifest.name} names images, whose builds would run what was pushed")
    for name, source in _sources(content):
        if set(source) - {"path", "packaging"}:
            raise UnreadableError(f"{manifest.name}: {name} is made by {sorted(source)}")


def _sources(content: dict[str, dict[str, dict[str, dict[str, str]]]]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, asset in content.get("files", {}).items():
        yield name, asset["source"]
