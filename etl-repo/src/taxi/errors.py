"""Errors of definitions and files; each names the problem, the place and the correction."""

from lake.errors import RejectedInputError, RetryableError, TerminalError


class DatasetError(RejectedInputError):
    """Dataset files are refused; each of `problems` names the place and the correction."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the datasets:", *(f"  {problem}" for problem in problems)]))


class RuleError(RejectedInputError):
    """Rules or queries do not fit their datasets; each of `problems` names the place and the correction."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the rules:", *(f"  {problem}" for problem in problems)]))


class LayoutError(RejectedInputError):
    """The columns of a file fit no declared layout of its dataset."""


class SourceFileError(RejectedInputError):
    """A file cannot be read in the format of its name."""


class PassingFailureError(RetryableError):
    """A file could not be read because of a transient failure."""


class BuildFailedError(TerminalError):
    """At least one purpose-built table was not updated; the others were."""
