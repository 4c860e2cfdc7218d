"""Waits that end when nothing has changed for a while, however long the work takes."""

import time

PATIENCE_SECONDS = 900
"""Longer than any pause that the flows make by themselves."""


class Patience:
    """Tells whether work is stuck."""

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._seen: object = None
        self._since = time.monotonic()

    def is_over(self, seen: object, *, is_at_work: bool = False) -> bool:
        """Tell whether what is seen has been the same for too long; a Glue run at work ends by its own timeout."""
        if is_at_work or seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
            return False
        return time.monotonic() - self._since > self._seconds

    @property
    def spent(self) -> str:
        """How long nothing may change, for people."""
        return f"{self._seconds / 60:.0f} min"
