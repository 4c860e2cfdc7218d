"""An object of S3 as a seekable file: each read fetches its own range, so a footer costs kilobytes, not the object."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

FetchRange = Callable[[int, int], bytes]
"""Gives the bytes from an offset up to, without, another."""

# the footer of most files fits, and pyarrow asks for 64 KiB of it first
BUFFER_BYTES = 64 * 1024


class RangedObject(io.RawIOBase):
    """Reads an object of known size by ranges."""

    def __init__(self, size: int, fetch: FetchRange) -> None:
        super().__init__()
        self._size, self._fetch, self._position = size, fetch, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """Any position can be read next."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move without reading; a place before the start is refused as for any file."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            message = f"cannot seek to {origin + offset}; positions of an object start at 0"
            raise ValueError(message)
        self._position = origin + offset
        return self._position

    # RawIOBase.readinto takes any writable buffer; io.BufferedReader hands over a memoryview
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the current position with one request; 0 at the end of the object."""
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        content = self._fetch(self._position, end)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


def buffered(size: int, fetch: FetchRange) -> io.BufferedReader:
    """Open an object so that small reads beside each other share one request."""
    return io.BufferedReader(RangedObject(size, fetch), BUFFER_BYTES)
