"""What can go wrong, sorted by what to do about it: try again, mend the input, or look at the table."""

from __future__ import annotations


class OdpError(Exception):
    """Any failure that this framework raises knowingly."""


class RetryableError(OdpError):
    """The same input may succeed later: a throttled service, a table that another run is refreshing."""


class LeaseLostError(RetryableError):
    """Another run took this table's lease over, so this one may neither commit nor write the books."""


class DeploymentOvertakenError(RetryableError):
    """Another deployment of the configuration began later, so this one may write nothing more."""


class TableIsBeingWrittenError(RetryableError):
    """A table is being filled for the first time while its configuration is to be defined anew."""


class ConfigurationMovedError(RetryableError):
    """The running configuration changed again and again while it was being read."""


class RejectedInputError(OdpError):
    """The input itself is wrong; trying it again cannot help."""


class SchemaChangeRefusedError(RejectedInputError):
    """Files whose schema does not continue the table's; `problems` names each column, both types and where they are."""

    def __init__(self, problems: list[str], table: str = "", way_out: str = "") -> None:
        self.problems = problems
        message = f"the schema changed in a way that the lake cannot follow: {'; '.join(problems)}"
        super().__init__(f"{table}: {message}; all files wait: {way_out}" if table else message)

    def of_table(self, table: str, way_out: str) -> SchemaChangeRefusedError:
        """Say of which table it is and what can be done."""
        return SchemaChangeRefusedError(self.problems, table, way_out)


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


class RefreshFailedError(OdpError):
    """At least one table of a batch was not refreshed; the others were."""


class BooksFormatError(RetryableError):
    """The books are in the format of another release, so nothing may be registered before they are migrated."""
