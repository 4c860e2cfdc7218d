"""Conditions on the key under which an object is written; ministack knows the kind of encryption alone."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Context = Callable[..., dict[str, Any]]
_HEADERS = (
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)


def install() -> None:
    """Answer the condition keys that are named after these headers."""
    patches.S3_CONTEXT.replace(_with_keys)


def _with_keys(context: Context) -> Context:
    def s3_service_context(
        action: str, query: Mapping[str, Any] | None, path: str = "", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        found = context(action, query, path, headers)
        # a part and the completion of an upload carry no such header: the request that began it was judged
        if action == "s3:PutObject" and "uploadId" not in (query or {}):
            found |= {f"s3:{name}": value for name in _HEADERS if (value := (headers or {}).get(name))}
        return found

    return s3_service_context
