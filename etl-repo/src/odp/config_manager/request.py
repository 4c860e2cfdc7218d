"""The request document: the text of each manifest, the commit, and the sender."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lake.landing.object_created import EventError, event_in
from lake.shown_text import quoted
from odp.errors import ManifestError
from odp.stored_format import FORMAT

REQUEST_KEY = "odp/configuration/request.json"
"""The key of the newest request in the config bucket; older versions are older requests."""


@dataclass(frozen=True, slots=True)
class RequestContent:
    """The content of a request document."""

    commit: str
    requested_by: str
    manifests: Mapping[str, str]


def write_request(content: RequestContent) -> bytes:
    """Write the document of a request."""
    document = {
        "format": FORMAT,
        "commit": content.commit,
        "requested_by": content.requested_by,
        "manifests": dict(content.manifests),
    }
    return json.dumps(document, indent=1).encode()


def read_request(document: bytes) -> RequestContent:
    """Read the document of a request; fields of a later release are ignored, so a rollback can read it.

    Raises:
        ManifestError: it is not JSON, no object with commit, requested_by and the manifests' texts, or in a format of
            a later release.
    """
    try:
        found = json.loads(document)
    except ValueError as error:
        raise ManifestError([f"{REQUEST_KEY}: is not JSON: {error}"]) from error
    if not isinstance(found, dict) or not _is_request(found):
        shape = '{"commit": text, "requested_by": text, "manifests": {file name: the text of the file}}'
        raise ManifestError([f"{REQUEST_KEY}: is no configuration request; write {shape}"])
    written_in = found.get("format", FORMAT)
    if type(written_in) is not int or written_in > FORMAT:
        known = f"this release knows format {FORMAT}: deploy a newer release"
        raise ManifestError([f"{REQUEST_KEY}: is in format {written_in!r}, {known}"])
    return RequestContent(found["commit"], found["requested_by"], found["manifests"])


def _is_request(found: dict[str, Any]) -> bool:
    manifests = found.get("manifests")
    texts = [
        found.get("commit"),
        found.get("requested_by"),
        *(manifests.values() if isinstance(manifests, dict) else [None]),
    ]
    return all(isinstance(text, str) for text in texts)


# Reads the request id from an SQS message: an event of S3, or a message of the deployment.


def announced_request(message: Mapping[str, Any], bucket: str) -> str:
    """Return the version id of the announced request.

    Raises:
        EventError: the message names no version of the request's object in this bucket.
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
