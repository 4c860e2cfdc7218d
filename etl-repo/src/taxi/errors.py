"""What is wrong with a definition or a file; each says what, where and how to mend it."""

from lake.errors import RejectedInputError, RetryableError, TerminalError


class DatasetError(RejectedInputError):
    """Dataset files that cannot be used; `problems` names each place and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the datasets:", *(f"  {problem}" for problem in problems)]))


class RuleError(RejectedInputError):
    """Rules or queries that do not fit their datasets; `problems` names each place and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the rules:", *(f"  {problem}" for problem in problems)]))


class LayoutError(RejectedInputError):
    """A file whose columns fit no declared layout of its dataset."""


class SourceFileError(RejectedInputError):
    """A file that cannot be read as what its name says."""


class PassingFailureError(RetryableError):
    """A file that could not be read because of something else, which passes."""


class BuildFailedError(TerminalError):
    """At least one purpose-built table was not brought up to date; the others were."""


def one_line(error: BaseException) -> str:
    """Give an error's first line and, of one of the JVM, the cause at its root, which alone says what is wrong."""
    first, *others = str(error).strip().splitlines() or [type(error).__name__]
    causes = [line.removeprefix(": ") for line in others if line.startswith((": ", "Caused by: "))]
    return " ".join([first, *causes[-1:]])[:1000]
