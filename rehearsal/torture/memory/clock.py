"""Time that passes only when the trial lets it."""

from datetime import UTC, datetime

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


class Clock:
    """The one clock of a lake in memory."""

    def __init__(self) -> None:
        self.seconds = _BEGIN

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.seconds

    def datetime(self) -> datetime:
        """Now."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def stamp(self) -> str:
        """Now as S3 says it: to the second."""
        return f"{self.datetime():%Y-%m-%dT%H:%M:%SZ}"
