"""S3 gives the part of an object's version that a request asks for; ministack gives the whole of it."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Answer = tuple[int, dict[str, Any], Any]
_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_CHECKSUM = "x-amz-checksum-"


def install() -> None:
    """Cut what is read of a version."""
    patches.S3_GET_OBJECT.replace(_cutting)


def _cutting(get_object: Callable[..., Answer]) -> Callable[..., Answer]:
    def get(bucket: str, key: str, headers: dict[str, str], query_params: dict[str, Any] | None = None) -> Answer:
        status, answered, body = get_object(bucket, key, headers, query_params)
        wanted = headers.get("range", "")
        if status != _OK or not wanted or "versionId" not in (query_params or {}):
            return status, answered, body
        return _cut(answered, body, patches.S3_PARSE_RANGE.value(wanted, len(body)))

    return get


def _cut(headers: dict[str, Any], body: bytes, wanted: tuple[int, int] | None) -> Answer:
    if wanted is None:
        return _NOT_SATISFIABLE, {"Content-Range": f"bytes */{len(body)}"}, b""
    start, end = wanted
    part = body[start : end + 1]
    kept = {name: value for name, value in headers.items() if not name.lower().startswith(_CHECKSUM)}
    described = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return _PARTIAL, {**kept, **described}, part
