"""Bounds of a file's content: anyone may drop a file, and none may cost more than its size suggests.

Each bound is a constant, far beyond every published file.
"""

from __future__ import annotations

from taxi.errors import SourceFileError

FILE_BYTES = 8 * 2**30
ROWS = 50_000_000
COLUMNS = 500
COLUMN_NAME = 128
"""Characters of a column's name, with the blanks around it."""
FOOTER_BYTES = 16 * 2**20
ROW_GROUPS = 5_000

LINE_BYTES = 64 * 2**10
"""A longer line is malformed and is not split."""
READ_LINE_BYTES = 64 * 2**20
"""A file with a longer line is refused; no more of a line is ever in memory.

Missing bytes reveal such a line. Each line that ends with two characters also lacks a byte, so this must be more than
`ROWS`.
"""
VALUE_BYTES = 4 * 2**10
"""A longer text is not a value of any type."""
TIME_BYTES = 64

KEPT_TEXT = 4 * 2**10
"""The kept characters of a malformed row's text, and of its reason."""
KEPT_ROWS = 100_000
KEPT_BYTES = 64 * 2**20
"""The kept malformed rows of one file, and the bytes of their texts; all rows are counted."""

_SMALL_FILE_ROWS, _ROWS_FOR_EACH_BYTE = 1_000_000, 16
_SMALL_FILE_BYTES, _EXPANSION = 256 * 2**20, 100


def demand_size(bytes_: int) -> None:
    """Refuse a file that is too large to be read; raises SourceFileError."""
    if bytes_ > FILE_BYTES:
        message = f"the file has {bytes_:,} bytes, but at most {FILE_BYTES:,} are read of one; send it in parts"
        raise SourceFileError(message)


def demand_rows(rows: int) -> None:
    """Refuse a file that has too many rows; raises SourceFileError."""
    if rows > ROWS:
        message = f"the file has {rows:,} rows, but at most {ROWS:,} are read of one; send it in parts"
        raise SourceFileError(message)


def demand_expansion(file_bytes: int, rows: int, uncompressed_bytes: int) -> None:
    """Refuse a Parquet file whose footer promises far more than its bytes can contain; raises SourceFileError."""
    most_rows = max(_SMALL_FILE_ROWS, file_bytes * _ROWS_FOR_EACH_BYTE)
    most_bytes = max(_SMALL_FILE_BYTES, file_bytes * _EXPANSION)
    if not (0 <= rows <= most_rows and 0 <= uncompressed_bytes <= most_bytes):
        message = (
            f"the file has {file_bytes:,} bytes, its footer promises {rows:,} rows of {uncompressed_bytes:,} bytes; "
            f"at most {most_rows:,} rows and {most_bytes:,} bytes of such a file are read"
        )
        raise SourceFileError(message)


def demand_columns(names: list[str] | tuple[str, ...]) -> None:
    """Refuse a file with too many columns or impossible names; raises SourceFileError."""
    if len(names) > COLUMNS:
        message = f"the file has {len(names):,} columns, but at most {COLUMNS} are read"
        raise SourceFileError(message)
    if long := next((name for name in names if len(name) > COLUMN_NAME), None):
        message = f"a column's name has {len(long):,} characters, but at most {COLUMN_NAME} may have: {long[:60]!r}…"
        raise SourceFileError(message)
