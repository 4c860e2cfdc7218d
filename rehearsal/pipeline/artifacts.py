"""Artifacts as CodeBuild and CodePipeline pack them: archives of the files that a pattern finds below a folder."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.pipeline.errors import ActionFailedError

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o777


@dataclass(frozen=True)
class ArtifactSpec:
    """What a buildspec calls an artifact."""

    files: tuple[str, ...]
    base_directory: str = "."
    excluded: tuple[str, ...] = ()


def collect(spec: ArtifactSpec, source: Path) -> bytes:
    """Pack what a build has made; an artifact without files fails the build, as on CodeBuild."""
    base = (source / spec.base_directory).resolve()
    if not base.is_dir():
        raise ActionFailedError(f"the build left no folder {spec.base_directory}, its artifacts' base-directory")
    found = sorted(set(_found(spec, base)))
    if not found:
        raise ActionFailedError(f"the build left no file that its artifacts' files name: {', '.join(spec.files)}")
    return packed(base, found)


def packed(base: Path, files: Iterable[Path]) -> bytes:
    """Pack files under their paths below `base`; the same files make the same archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(base).as_posix(), _LONG_AGO)
            entry.external_attr = (file.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def extract(content: bytes, folder: Path) -> None:
    """Unpack an artifact; what was executable is so again."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            mode = (entry.external_attr >> 16) & _PERMISSIONS
            if mode and path.is_file():
                path.chmod(mode)


def read_file(content: bytes, path: str, *, artifact: str) -> bytes:
    """Read one file of an artifact."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            return archive.read(path)
        except KeyError:
            raise ActionFailedError(f"artifact {artifact} has no file {path}") from None


def _found(spec: ArtifactSpec, base: Path) -> Iterator[Path]:
    for pattern in spec.files:
        for path in base.glob(pattern):
            inside = path.rglob("*") if path.is_dir() and not pattern.endswith("*") else [path]
            yield from (file for file in inside if file.is_file() and not _is_excluded(file, base, spec.excluded))


def _is_excluded(file: Path, base: Path, patterns: Iterable[str]) -> bool:
    return any(file.relative_to(base).match(pattern) for pattern in patterns)
