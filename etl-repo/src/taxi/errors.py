"""What is wrong with a definition or a file; each says what, where and how to mend it."""

from odp.errors import RejectedInputError


class DatasetError(RejectedInputError):
    """Dataset files that cannot be used; `problems` names each place and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the datasets:", *(f"  {problem}" for problem in problems)]))


class LayoutError(RejectedInputError):
    """A file whose columns fit no declared layout of its dataset."""
