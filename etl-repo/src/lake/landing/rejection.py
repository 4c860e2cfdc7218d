"""What landed and can be no file of a flow, and messages that name no object: kept with a reason, for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lake.landing.object_created import EventError
from lake.shown_text import on_one_line

_REASON_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """An object that landed but can be no file of the flow, with the reason."""

    file_id: str
    bucket: str
    key: str
    etag: str
    size: int
    landed_at: str
    reason: str
    version_id: str | None = None

    @property
    def is_folder(self) -> bool:
        """The S3 console makes a folder by an empty object whose key ends with a slash: nothing was lost."""
        return self.size == 0 and self.key.endswith("/")


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """A message that names no object of this lake: trying it again cannot help.

    The object behind it, if there is one, is found by the next sweep. The same body has the same id.
    """

    message_id: str
    body: str
    reason: str


def malformed(body: str, error: EventError) -> MalformedMessage:
    """Describe a message that names no object."""
    encoded = body.encode("utf-8", "backslashreplace")  # a body may hold halves of characters
    identity = hashlib.sha256(encoded).hexdigest()[:32]
    reason = f"the message is no Object Created event of S3: {on_one_line(str(error), _REASON_CHARACTERS)}"
    return MalformedMessage(identity, encoded.decode(), reason)
