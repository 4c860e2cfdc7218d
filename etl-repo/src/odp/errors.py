"""What can go wrong in ODP alone, sorted as in `lake.errors`: transient or terminal."""

from __future__ import annotations

from lake.errors import RejectedInputError, RetryableError, TerminalError


class DeploymentOvertakenError(RetryableError):
    """Another deployment of the configuration began later, so this one may write nothing more."""


class TableIsBeingWrittenError(RetryableError):
    """A table is being filled for the first time while its configuration is to be defined anew."""


class ConfigurationMovedError(RetryableError):
    """The running configuration changed again and again while it was being read."""


class ObjectKeyError(RejectedInputError):
    """An object key that is neither a full-load nor a change file of DMS."""


class ManifestError(RejectedInputError):
    """Table manifests that cannot become configuration; `problems` names each place and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the table manifests:", *(f"  {problem}" for problem in problems)]))


class MissingConfigurationError(RejectedInputError):
    """A cadence or table that is asked for, but not configured."""


class RefreshFailedError(TerminalError):
    """At least one table of a batch was not refreshed; the others were."""


class UnrecordedFailureError(TerminalError):
    """At least one table of a batch failed and the books do not say so: its lease could not be taken or returned."""


class BooksFormatError(RetryableError):
    """The books are in the format of another release, so nothing may be registered before they are migrated."""
