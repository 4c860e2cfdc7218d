"""What the File Manager puts into quarantine: objects that are no DMS files, messages that tell of no object."""

from __future__ import annotations

import hashlib

from odp.records import Quarantined, QuarantineKind, RejectedFile

_BODY_CHARACTERS = 10_000


def rejection_of(file: RejectedFile) -> Quarantined:
    """Describe an object that is no DMS file."""
    details: dict[str, str | int] = {
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.REJECTED_FILE, file.file_id, file.reason, details)


def malformed(message_body: str, error: Exception) -> Quarantined:
    """Describe a message that tells of no object; the file of it, if there is one, is found by the next sweep."""
    reason = f"the message is no Object Created event of S3: {type(error).__name__}: {error}"
    identity = hashlib.sha256(message_body.encode()).hexdigest()[:32]
    details: dict[str, str | int] = {"message": message_body[:_BODY_CHARACTERS]}
    return Quarantined(QuarantineKind.MALFORMED_MESSAGE, identity, reason, details)
