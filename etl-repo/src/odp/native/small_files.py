"""Reads a small landed file from storage once in a refresh, which opens it for columns, for keys and for rows."""

from __future__ import annotations

import io
from contextlib import closing
from typing import Any

from odp.native.dms_rows import OpenFile
from odp.records import LandedFile

MOST_BYTES = 16 << 20
"""Of each table that is refreshed at the moment; a file of changes has some kilobytes."""


def once(open_file: OpenFile, most_bytes: int = MOST_BYTES) -> OpenFile:
    """Keep the contents of files in memory, up to so many bytes in all; a file without room is opened each time.

    A landed file is one version of an object, whose content never changes.
    """
    kept: dict[tuple[str, str | None], bytes] = {}
    left = most_bytes

    def open_once(file: LandedFile) -> Any:  # noqa: ANN401 - as OpenFile
        nonlocal left
        version = (file.uri, file.version_id)
        if version not in kept:
            if file.size > left:
                return open_file(file)
            with closing(open_file(file)) as source:
                kept[version] = source.read()
            left -= len(kept[version])
        return io.BytesIO(kept[version])

    return open_once
