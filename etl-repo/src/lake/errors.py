"""What can go wrong, sorted by what to do about it: try again, or mend something first.

Every class is either transient (RetryableError) or terminal (TerminalError). The name of a class is the name of the
error in the state machines. They know no class hierarchy, so etl_cdk names each subclass of RetryableError to them.
"""

from __future__ import annotations


class LakeError(Exception):
    """Any failure that this framework raises knowingly."""


class RetryableError(LakeError):
    """Transient: the same call may succeed later, without anybody doing anything."""


class TerminalError(LakeError):
    """The same call fails again until a person or the next run changes something."""


class ServiceUnavailableError(RetryableError):
    """An AWS service did not answer, or throttled a call beyond all repetitions."""


class LeaseLostError(RetryableError):
    """Another run took over this table's lease, so this run may neither commit nor write to the ledger."""


class TableMovedError(RetryableError):
    """Another commit of the table came before that of this run, which was refused; nothing was committed."""


class CommitUnknownError(RetryableError):
    """The catalog did not answer, and the table does not show the commit yet. The next refresh reads the table."""


class ObjectGoneError(RetryableError):
    """A landed file was deleted after the refresh was planned; the next refresh notices the deletion."""


class StaleRegionError(TerminalError):
    """A later epoch began than the one of this run, which commits nothing more; the next plan works under the new one.

    Nothing failed, and a repetition would meet the same epoch: so no state machine may try it again.
    """


class BeyondEngineError(TerminalError):
    """The change is more than its engine can do, and nothing was written; another engine has to apply it.

    `comes_again` says that the next changes of the table will probably be more than the engine can do, too.
    """

    def __init__(self, message: str = "", *, comes_again: bool = False) -> None:
        self.comes_again = comes_again
        super().__init__(message)


class RejectedInputError(TerminalError):
    """The input itself is wrong."""


class SchemaChangeRefusedError(RejectedInputError):
    """Files whose schema does not continue the table's; `problems` names each column, both types and where they are."""

    def __init__(self, problems: list[str], table: str = "", way_out: str = "") -> None:
        self.problems = problems
        message = f"the schema changed in a way that the lake cannot follow: {'; '.join(problems)}"
        super().__init__(f"{table}: {message}; all files wait: {way_out}" if table else message)

    def of_table(self, table: str, way_out: str) -> SchemaChangeRefusedError:
        """Name the table and the remedy."""
        return SchemaChangeRefusedError(self.problems, table, way_out)


def one_line(error: BaseException) -> str:
    """Return an error's first line; for an error of the JVM, the root cause too, because only it names the reason."""
    first, *others = str(error).strip().splitlines() or [type(error).__name__]
    causes = [line.removeprefix(": ") for line in others if line.startswith((": ", "Caused by: "))]
    return " ".join([first, *causes[-1:]])[:1000]
