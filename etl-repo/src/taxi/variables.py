"""The environment variables of the taxi flow's functions, one model for each function."""

from __future__ import annotations

from lake.variables import Text, Variables

# The environment variables of Landing's functions.


class LandingSweepVariables(Variables):
    """Where files land and where they are registered."""

    audit_table: Text
    raw_bucket: Text


class LandingVariables(LandingSweepVariables):
    """What is started when files have landed."""

    state_machine_arn: Text


# The environment variables of the function that claims and closes bundles.


class BundlesVariables(Variables):
    """Where files and bundles are, and how large and how long a run may be."""

    audit_table: Text
    bundle_bucket: Text
    max_files_per_run: int
    lease_seconds: int
    regions: str = ""
    """What `RegionSettings` reads; empty without a secondary Region."""
