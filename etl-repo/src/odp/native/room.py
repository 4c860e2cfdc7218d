"""Refuses a refresh whose files need more memory than a function has for a table, before their rows are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lake.errors import BeyondEngineError
from odp.native.dms_columns import Footer
from odp.records import LandedFile, RawTableConfig

MOST_FILES = 10_000
"""Each costs three requests of S3 and some 30 ms; a refresh has five of the function's fifteen minutes."""
_OF_A_ROW, _OF_KEYS, _OF_A_GROUP = 140, 4, 2
"""Bytes for each row, and how often the keys of all rows and the values of a row group are in memory.

Measured (pyarrow 26, one x86 core): 2 to 5 million rows of 4 columns took 145 to 167 bytes each with a whole number as
the key, and 301 to 316 with a text of 36 characters.
"""


@dataclass(frozen=True, slots=True)
class Room:
    """The memory that a function has for one table."""

    bytes: int

    def refuse_many(self, config: RawTableConfig, files: Sequence[LandedFile]) -> None:
        """Refuse more files than a refresh has time for, before any is opened.

        Raises:
            BeyondEngineError: naming the ways out.
        """
        if len(files) > MOST_FILES:
            message = f"{_what(config, files)} are more than the {MOST_FILES:,} that a function has time for; {_SPARK}"
            raise BeyondEngineError(message)

    def refuse_large(
        self, config: RawTableConfig, files: Sequence[LandedFile], footers: Mapping[str, Footer], keys: Sequence[str]
    ) -> None:
        """Refuse files that need more memory than there is, by what their footers say; `keys` are the source's names.

        Raises:
            BeyondEngineError: naming the ways out.
        """
        found = [footers[file.file_id] for file in files]
        rows = sum(footer.rows for footer in found)
        of_keys = sum(footer.bytes_of(keys) for footer in found)
        largest = max((footer.largest_group for footer in found), default=0)
        needed = rows * _OF_A_ROW + of_keys * _OF_KEYS + largest * _OF_A_GROUP
        if needed > self.bytes:
            message = (
                f"{_what(config, files)} with {rows:,} rows need about {needed >> 20:,} MB of memory, and the function "
                f"has {self.bytes >> 20:,} MB for a table; {_SPARK}. To refresh it natively, raise "
                "odp.native_memory_mb in config/environments.json"
            )
            raise BeyondEngineError(message)


_SPARK = "nothing was written, and Spark applies them next, as it does with engine auto or spark"


def _what(config: RawTableConfig, files: Sequence[LandedFile]) -> str:
    size = sum(file.size for file in files)
    return f"{config.qualified_name}: {len(files):,} files of {size:,} bytes"
