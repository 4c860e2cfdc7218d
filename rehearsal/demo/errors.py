"""What ends a demo, with a message for the person who started it."""

from collections.abc import Collection


class DemoError(Exception):
    """The demo cannot go on; the message says what, where and how to mend it."""


class ExplainedError(DemoError):
    """The failed part has named its reason; only the logs of its failed Glue runs can say more."""

    def __init__(self, message: str, failed_runs: Collection[str] = ()) -> None:
        super().__init__(message)
        self.failed_runs = frozenset(failed_runs)
