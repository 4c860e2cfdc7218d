"""What the File Manager puts into quarantine: objects that are no DMS files, messages that name no object."""

from __future__ import annotations

from lake.landing.rejection import MalformedMessage, RejectedFile
from odp.records import Quarantined, QuarantineKind

_BODY_CHARACTERS = 10_000


def rejection_of(file: RejectedFile) -> Quarantined:
    """Describe an object that is not a DMS file."""
    details: dict[str, str | int] = {
        "file_ingestion_s3_bucket": file.bucket,
        "file_ingestion_path": file.key,
        "file_size": file.size,
        "file_ingestion_date_time": file.landed_at,
    }
    return Quarantined(QuarantineKind.REJECTED_FILE, file.file_id, file.reason, details)


def malformed_entry(message: MalformedMessage) -> Quarantined:
    """Describe a message that names no object."""
    details: dict[str, str | int] = {"message": message.body[:_BODY_CHARACTERS]}
    return Quarantined(QuarantineKind.MALFORMED_MESSAGE, message.message_id, message.reason, details)
