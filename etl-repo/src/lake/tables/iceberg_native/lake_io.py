"""How native tables reach S3 and the Data Catalog: few requests, one S3 client for each process."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from typing import ClassVar

import pyarrow as pa
import pyarrow.fs
from cachetools import LRUCache
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io import InputFile, OutputFile
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

METADATA = "/metadata/"
_LARGEST_KEPT = 4_000_000
_KEPT = 64 << 20
_S3_OPTIONS = {
    "s3.endpoint": "endpoint_override",
    "s3.region": "region",
    "s3.access-key-id": "access_key",
    "s3.secret-access-key": "secret_key",
    "s3.session-token": "session_token",
}


def glue_catalog(properties: Mapping[str, str]) -> Catalog:
    """Open the Data Catalog; `properties` are pyiceberg's own, such as `glue.region` and `s3.endpoint`."""
    return _DataCatalog("glue", **{"py-io-impl": f"{__name__}.LakeIO", **properties})


class _DataCatalog(GlueCatalog):
    """The Data Catalog without the question, before every commit, whether the database is one of S3 Tables."""

    def _is_s3tables_database(self, database_name: str) -> bool:  # noqa: ARG002
        return False


class LakeIO(PyArrowFileIO):
    """Reads metadata, which never changes, once for each process, and writes each piece of it in one request."""

    def new_input(self, location: str) -> PyArrowFile:
        """Give a file to read."""
        return self._file(location)

    def new_output(self, location: str) -> PyArrowFile:
        """Give a file to write."""
        return self._file(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file, and forget it."""
        _MetadataFile.kept.pop(location if isinstance(location, str) else location.location, None)
        super().delete(location)

    def _initialize_s3_fs(self, netloc: str | None) -> pyarrow.fs.FileSystem:  # noqa: ARG002
        return _s3(tuple(sorted((name, str(self.properties[name])) for name in _S3_OPTIONS if name in self.properties)))

    def _file(self, location: str) -> PyArrowFile:
        scheme, netloc, path = self.parse_location(location, self.properties)
        of = _MetadataFile if METADATA in location else PyArrowFile
        return of(location=location, path=path, fs=self.fs_by_scheme(scheme, netloc))


class _MetadataFile(PyArrowFile):
    """A file of metadata; its name has a random part, so what is known of it stays true."""

    kept: ClassVar[LRUCache[str, bytes]] = LRUCache(_KEPT, getsizeof=len)

    def __len__(self) -> int:
        return len(self._content())

    def exists(self) -> bool:
        """Whether this process has read or written it; another name is new, because names are random."""
        return self.location in self.kept

    def open(self, seekable: bool = True) -> pa.BufferReader:  # noqa: ARG002
        """Open what is kept, or fetch it."""
        return pa.BufferReader(self._content())

    def create(self, overwrite: bool = False) -> io.BytesIO:  # noqa: ARG002
        """Write it in one request when it is closed, and keep it."""
        return _Written(self)

    def put(self, content: bytes) -> None:
        """Write the content."""
        with super().create(overwrite=True) as out:
            out.write(content)
        self._keep(content)

    def _content(self) -> bytes:
        content = self.kept.get(self.location)
        if content is None:
            with closing(super().open(seekable=False)) as source:
                content = source.read()
            self._keep(content)
        return content

    def _keep(self, content: bytes) -> None:
        if len(content) < _LARGEST_KEPT:
            self.kept[self.location] = content


class _Written(io.BytesIO):
    def __init__(self, file: _MetadataFile) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.put(self.getvalue())
        super().close()


@lru_cache
def _s3(properties: tuple[tuple[str, str], ...]) -> pyarrow.fs.FileSystem:
    options = {_S3_OPTIONS[name]: value for name, value in properties}
    return pyarrow.fs.S3FileSystem(allow_delayed_open=True, **options)
