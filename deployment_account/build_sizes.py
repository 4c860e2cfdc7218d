"""How large the builds of each app's pipeline are.

CodeBuild counts builds at once by platform and size, and a new account has one of each size. A push starts the
pipelines of both apps, so each has a size of its own and runs one build at a time.
"""

from __future__ import annotations

from enum import StrEnum


class BuildSize(StrEnum):
    """CodeBuild's names of sizes; the checks of the code need more than the 3 GB of the smallest one."""

    MEDIUM = "BUILD_GENERAL1_MEDIUM"
    LARGE = "BUILD_GENERAL1_LARGE"

    @property
    def quota(self) -> str:
        """The quota of builds at once, as Service Quotas names it."""
        return f"Concurrently running builds for Linux/{self.name.title()} environment"


BUILD_SIZES = {"infra": BuildSize.MEDIUM, "etl": BuildSize.LARGE}
