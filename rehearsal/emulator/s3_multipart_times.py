"""An object that was uploaded in parts is as old as the beginning of its upload; ministack takes the end.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html. The event of the object has the time of its
end, so the same version has two times: one in its event, an earlier one in a listing.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator import ministack_patches as patches

_began: ContextVar[str | None] = ContextVar("began", default=None)


def install() -> None:
    """Give the object the time at which its upload began."""
    patches.S3_COMPLETE_UPLOAD.replace(_remembering_beginning)
    patches.S3_NOW.replace(_beginning_or_now)


def _remembering_beginning(complete: Callable[..., Any]) -> Callable[..., Any]:
    def complete_multipart_upload(
        bucket: str, key: str, body: bytes, query: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - ministack's answer
        named = query.get("uploadId", "")
        upload = patches.S3_UPLOADS.value.get(named[0] if isinstance(named, list) else named) or {}
        token = _began.set(upload.get("created"))
        try:
            return complete(bucket, key, body, query, headers)
        finally:
            _began.reset(token)

    return complete_multipart_upload


def _beginning_or_now(now: Callable[[], str]) -> Callable[[], str]:
    return lambda: _began.get() or now()
