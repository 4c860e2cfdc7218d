"""Errors that stop an inference; each message names the problem, the place and the correction."""

from __future__ import annotations

from lake.errors import LakeError


class InferenceError(LakeError):
    """Nothing can be inferred until the named cause is corrected."""


class SourceUrlError(InferenceError):
    """The text is not the address of a bucket or of a folder in one."""


class SourceNotFoundError(InferenceError):
    """The bucket does not exist, or nothing lies under the prefix."""


class SourceAccessError(InferenceError):
    """The caller may not list or read the source, or has no valid credentials."""


class SourceUnreadableError(InferenceError):
    """S3 cannot be reached, or gives an unexpected answer."""


class ObjectUnreadableError(SourceUnreadableError):
    """One object cannot be read (it was deleted, replaced or archived); the others can."""
