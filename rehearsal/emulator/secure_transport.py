"""Plain http counts as TLS: it never leaves the loopback interface, and buckets that demand TLS must stay usable."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Resolve = Callable[[str, Any], Any]


def install() -> None:
    """Answer the condition key aws:SecureTransport with true."""
    patches.CONDITION_KEY.replace(_secure)


def _secure(resolve: Resolve) -> Resolve:
    def resolve_condition_key(key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    return resolve_condition_key
