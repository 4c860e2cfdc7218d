"""What can be wrong with the configuration of the platform."""

from __future__ import annotations

MAX_REPORTED_PROBLEMS = 20


class ConfigurationError(Exception):
    """A configuration file is missing, malformed or breaks a rule; the message names file, place and reason."""

    def __init__(self, file: object, problems: list[str]) -> None:
        shown = problems[:MAX_REPORTED_PROBLEMS]
        hidden = len(problems) - len(shown)
        lines = [*shown, f"and {hidden} more"] if hidden else shown
        super().__init__("\n".join([f"{file} is not a valid configuration:", *(f"  {line}" for line in lines)]))
        self.problems = tuple(problems)
