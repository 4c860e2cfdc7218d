"""How much of a table is read: enough for evidence, little enough for a laptop and a small bill."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE, GIBIBYTE = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """The limits of what one profile of one table reads."""

    sample_rows: int = 200_000
    """Full-load rows; of changes a quarter as many, since they only check what the full load suggests."""
    sample_bytes: int = 256 * MEBIBYTE
    """Lowers the number of rows of a wide table, so that the sample fits into memory."""
    footers: int = 200
    """Footers of full-load files, and as many of change files; row counts of a table with more are estimates."""
    threads: int = 8
    """Files read at a time: a read waits for S3, not for the processor."""

    @property
    def change_rows(self) -> int:
        """How many rows of change files are sampled."""
        return max(self.sample_rows // 4, 1)
