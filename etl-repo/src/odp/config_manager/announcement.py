"""Reads which configuration request an SQS message announces: S3's event, or what a deployment sends itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lake.landing.object_created import EventError, event_in
from lake.shown_text import quoted
from odp.config_manager.request import REQUEST_KEY


def announced_request(message: Mapping[str, Any], bucket: str) -> str:
    """Give the version id of the announced request.

    Raises:
        EventError: the message tells of no version of the request's object in this bucket.
    """
    event = event_in(message)
    try:
        written, request = event["detail"]["bucket"]["name"], event["detail"]["object"]
        key, version = request["key"], request["version-id"]
    except (KeyError, TypeError) as missing:
        error = f"it names no version of an object: {type(missing).__name__}: {missing}"
        raise EventError(error) from None
    if (written, key) != (bucket, REQUEST_KEY):
        error = f"it is of {quoted(str(key))} in bucket {quoted(str(written))}, not of {REQUEST_KEY} in {bucket}"
        raise EventError(error)
    if not isinstance(version, str) or not version:
        error = f"its version-id is no text: {quoted(str(version))}"
        raise EventError(error)
    return version
