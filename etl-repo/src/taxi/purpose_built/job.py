"""Stands here until the job that builds purpose-built tables comes from issue6-spark."""


class JobArguments:
    """What the real job demands."""

    dataset: str
    conformed_database: str
    purpose_built_bucket: str
    purpose_built_database: str
