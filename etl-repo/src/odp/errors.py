"""Errors of the ODP framework, transient or terminal as in `lake.errors`."""

from __future__ import annotations

from lake.errors import RejectedInputError, RetryableError, TerminalError


class DeploymentOvertakenError(RetryableError):
    """A later deployment of the configuration has begun, so this one may write nothing more."""


class TableIsBeingWrittenError(RetryableError):
    """A deployment redefines a table while its first refresh is under way."""


class ConfigurationMovedError(RetryableError):
    """The running configuration changed during every attempt to read it."""


class ObjectKeyError(RejectedInputError):
    """An object key that is neither a full-load nor a change file of DMS."""


class ManifestError(RejectedInputError):
    """Table manifests are refused; each of `problems` names the place and the correction."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the table manifests:", *(f"  {problem}" for problem in problems)]))


class MissingConfigurationError(RejectedInputError):
    """A cadence or table is not configured."""


class RefreshFailedError(TerminalError):
    """At least one table of a batch was not refreshed; the others were."""


class TableOptimizersFailedError(TerminalError):
    """The Data Catalog did not take the optimizers of at least one table; the others have theirs."""


class UnrecordedFailureError(TerminalError):
    """At least one table of a batch failed without a record, because its lease could not be taken or returned."""


class LedgerFormatError(RetryableError):
    """The ledger is in another release's format; the File Manager registers nothing before `odp ledger migrate`."""
