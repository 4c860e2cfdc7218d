"""An EventBridge event of a versioned bucket names its object's version; ministack leaves it out of these events."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator import ministack_patches as patches

_version_id: ContextVar[str | None] = ContextVar("version_id", default=None)


def install() -> None:
    """Carry the version from the object to its EventBridge event."""
    patches.S3_EVENT.replace(_remembering_version)
    patches.DISPATCH_EVENT.replace(_naming_version)


def _remembering_version(fire: Callable[..., None]) -> Callable[..., None]:
    def fire_s3_event(*arguments: Any, version_id: str | None = None, **options: Any) -> None:  # noqa: ANN401 - ministack's
        token = _version_id.set(version_id)
        try:
            fire(*arguments, version_id=version_id, **options)
        finally:
            _version_id.reset(token)

    return fire_s3_event


def _naming_version(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch_event(event: dict[str, Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - ministack's
        if event.get("Source") == "aws.s3" and (version_id := _version_id.get()):
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version_id
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *arguments, **options)

    return dispatch_event
