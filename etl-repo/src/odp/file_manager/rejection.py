"""The File Manager's quarantine entries: objects that are not DMS files, and messages that name no object."""

from __future__ import annotations

import hashlib

from lake.shown_text import on_one_line
from odp.records import Quarantined, QuarantineKind, RejectedFile

_BODY_CHARACTERS = 10_000
_REASON_CHARACTERS = 2_000


def rejection_of(file: RejectedFile) -> Quarantined:
    """Describe an object that is not a DMS file."""
    details: dict[str, str | int] = {
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.REJECTED_FILE, file.file_id, file.reason, details)


def malformed(message_body: str, error: Exception) -> Quarantined:
    """Describe a message that names no object; if it has a file, the next sweep finds it."""
    reason = f"the message is no Object Created event of S3: {on_one_line(str(error), _REASON_CHARACTERS)}"
    encoded = message_body.encode("utf-8", "backslashreplace")  # a body may contain unpaired surrogates
    identity = hashlib.sha256(encoded).hexdigest()[:32]
    details: dict[str, str | int] = {"message": encoded.decode()[:_BODY_CHARACTERS]}
    return Quarantined(QuarantineKind.MALFORMED_MESSAGE, identity, reason, details)
