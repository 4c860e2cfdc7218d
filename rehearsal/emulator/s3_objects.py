"""What S3 and its events say of objects and their versions, and ministack does not."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Answer = tuple[int, dict[str, Any], Any]
_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_CHECKSUM = "x-amz-checksum-"
_version_id: ContextVar[str | None] = ContextVar("version_id", default=None)
_began: ContextVar[str | None] = ContextVar("began", default=None)


def install() -> None:
    """Name versions in events, keep the age of multipart objects, and limit reads of a version."""
    patches.S3_OBJECT_DATA.wrap(_object_data)
    patches.S3_EVENT.wrap(_fire_s3_event)
    patches.DISPATCH_EVENT.wrap(_dispatch_event)
    patches.S3_COMPLETE_UPLOAD.wrap(_complete_multipart_upload)
    patches.S3_NOW.wrap(lambda now: _began.get() or now())
    patches.S3_GET_OBJECT.wrap(_get_object)


def _object_data(data: Callable[..., bytes | None], bucket: str, *arguments: Any, **options: Any) -> bytes | None:  # noqa: ANN401 - ministack has no types
    """Names of buckets are global: CloudFormation reads a template from any one that its caller may read."""
    owner = patches.BUCKET_OWNER.value(bucket)
    if owner in (None, patches.REQUEST_ACCOUNT.value()):
        return data(bucket, *arguments, **options)
    with patches.REQUEST_SCOPE.value(owner, patches.REQUEST_REGION.value()):
        return data(bucket, *arguments, **options)


def _fire_s3_event(fire: Callable[..., None], *arguments: Any, version_id: str | None = None, **options: Any) -> None:  # noqa: ANN401 - ministack has no types
    """Carry the version of an object to its EventBridge event."""
    token = _version_id.set(version_id)
    try:
        fire(*arguments, version_id=version_id, **options)
    finally:
        _version_id.reset(token)


def _dispatch_event(dispatch: Callable[..., Any], event: dict[str, Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - ministack has no types
    if event.get("Source") == "aws.s3" and (version_id := _version_id.get()):
        detail = json.loads(event["Detail"])
        detail["object"]["version-id"] = version_id
        event = {**event, "Detail": json.dumps(detail)}
    return dispatch(event, *arguments, **options)


def _complete_multipart_upload(
    complete: Callable[..., Any],
    bucket: str,
    key: str,
    body: bytes,
    query: dict[str, Any],
    *headers: Any,  # noqa: ANN401 - ministack has no types
) -> Any:  # noqa: ANN401 - ministack's answer
    """An object that was uploaded in parts is as old as the beginning of its upload; ministack takes the end.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html. The event of the object has the time of
    its end, so the same version has two times: one in its event, an earlier one in a listing.
    """
    named = query.get("uploadId", "")
    upload = patches.S3_UPLOADS.value.get(named[0] if isinstance(named, list) else named) or {}
    token = _began.set(upload.get("created"))
    try:
        return complete(bucket, key, body, query, *headers)
    finally:
        _began.reset(token)


def _get_object(
    get: Callable[..., Answer],
    bucket: str,
    key: str,
    headers: dict[str, str],
    query_params: dict[str, Any] | None = None,
) -> Answer:
    """S3 gives the part of an object's version that a request asks for; ministack gives the whole of it."""
    status, answered, body = get(bucket, key, headers, query_params)
    wanted = headers.get("range", "")
    if status != _OK or not wanted or "versionId" not in (query_params or {}):
        return status, answered, body
    if (limits := patches.S3_PARSE_RANGE.value(wanted, len(body))) is None:
        return _NOT_SATISFIABLE, {"Content-Range": f"bytes */{len(body)}"}, b""
    start, end = limits
    part = body[start : end + 1]
    kept = {name: value for name, value in answered.items() if not name.lower().startswith(_CHECKSUM)}
    described = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return _PARTIAL, {**kept, **described}, part
