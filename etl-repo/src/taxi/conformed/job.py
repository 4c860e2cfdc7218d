"""Stands here until the job that loads conformed tables comes from issue6-spark."""


class JobArguments:
    """What the real job demands."""

    bundle_bucket: str
    bundle_key: str
    conformed_bucket: str
    conformed_database: str
