"""Reads EventBridge's event of a new object in S3, and takes nothing in it on trust: whoever may send can forge one.

The key in such an event is not URL-encoded (unlike S3's own notifications), so it is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.shown_text import on_one_line, quoted

MOST_KEY_BYTES = 1024
"""What S3 allows (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)."""
_MOST_SIZE = 10**15
_MOST_ERROR = 1000
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|\+00:00)")
_IS_REAL = re.compile(r"(19[7-9]|2[01])")
_ACCOUNT = re.compile(r"arn:[^:]*:sqs:[^:]*:([0-9]{12}):")


class EventError(ValueError):
    """A message that is no event of a new object of this lake; to try it again cannot help."""


@dataclass(frozen=True, slots=True)
class CreatedObject:
    """What an event says of an object; `etag` is without quotes, and what an event lacks is empty or None."""

    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None
    sequencer: str | None
    time: str
    reason: str

    @property
    def version(self) -> str:
        """An unversioned bucket names no version; there the sequencer tells two uploads of equal content apart."""
        return self.version_id or f"{self.etag}/{self.sequencer or ''}"


def object_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of one object version: the same for every event about it, another for each new upload.

    What flows have stored is read by it, so it never changes. Where it must be the same in both Regions, `bucket` is
    the bucket's role.
    """
    return hashlib.sha256(json.dumps([bucket, key, version]).encode()).hexdigest()[:32]


def event_in(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the event in an SQS message as Lambda is given it.

    Raises:
        EventError: it is none, or of another account than the queue.
    """
    try:
        event = json.loads(message["body"])
    except (RecursionError, ValueError) as failure:
        raise EventError(_described(failure)) from None
    if not isinstance(event, Mapping):
        error = f"it is no JSON object: {quoted(str(event))}"
        raise EventError(error)
    queue = _ACCOUNT.match(str(message.get("eventSourceARN", "")))
    if queue and str(event.get("account", queue[1])) != queue[1]:
        error = f"it is an event of account {quoted(str(event['account']))}, and the queue's is {queue[1]}"
        raise EventError(error)
    return event


def created_object(event: Mapping[str, Any]) -> CreatedObject:
    """Read what an event says of the new object.

    Raises:
        EventError: the event is none of a new object.
    """
    try:
        return _created_object(event)
    except (AttributeError, KeyError, TypeError, ValueError) as failure:
        raise EventError(_described(failure)) from None


def _described(failure: Exception) -> str:
    return on_one_line(f"{type(failure).__name__}: {failure}", _MOST_ERROR)


def _created_object(event: Mapping[str, Any]) -> CreatedObject:
    detail, s3_object = event["detail"], event["detail"]["object"]
    for name, expected in (("source", "aws.s3"), ("detail-type", "Object Created")):
        if (found := event.get(name, expected)) != expected:
            message = f"{name} is {quoted(str(found))}, not {expected}"
            raise ValueError(message)
    return CreatedObject(
        bucket=_text(detail["bucket"], "name", most=255),
        key=_text(s3_object, "key", most=MOST_KEY_BYTES),
        size=_size(s3_object.get("size", 0)),
        etag=_optional(s3_object, "etag", most=255) or "",
        version_id=_optional(s3_object, "version-id", most=MOST_KEY_BYTES),
        sequencer=_optional(s3_object, "sequencer", most=64),
        time=_time(_text(event, "time", most=40)),
        reason=_optional(detail, "reason", most=255) or "",
    )


def _optional(described: Mapping[str, Any], name: str, *, most: int) -> str | None:
    if described.get(name) in (None, ""):
        return None
    return _text(described, name, most=most)


def _text(described: Mapping[str, Any], name: str, *, most: int) -> str:
    text = described[name]
    if not isinstance(text, str) or not text:
        message = f"{name} is no text: {quoted(str(text))}"
        raise ValueError(message)
    if len(text.encode()) > most:  # raises UnicodeEncodeError, a ValueError, for halves of characters
        message = f"{name} is longer than {most:,} bytes: {quoted(text)}"
        raise ValueError(message)
    return text


def _size(size: object) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= _MOST_SIZE:
        message = f"size is no number of bytes: {quoted(str(size))}"
        raise ValueError(message)
    return size


def _time(text: str) -> str:
    """Sorted as texts, times must have one form; they are compared with others, so they must be real."""
    if not _TIME.fullmatch(text) or not _IS_REAL.match(text):
        message = f"time is none: {quoted(text)}"
        raise ValueError(message)
    datetime.fromisoformat(text)
    return text


# Rejections for people: objects that no flow takes, and messages without an object.


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
