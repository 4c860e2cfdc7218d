"""Why a file of the reference framework cannot be read."""

from __future__ import annotations


class ReferenceFileError(Exception):
    """What is wrong with a file, and the way out; the caller adds the name of the file."""
