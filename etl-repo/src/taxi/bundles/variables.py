"""The environment variables of the function that claims and closes bundles."""

from __future__ import annotations

from lake.variables import Text, Variables


class BundlesVariables(Variables):
    """Where files and bundles are, and how large and how long a run may be."""

    audit_table: Text
    bundle_bucket: Text
    max_files_per_run: int
    lease_seconds: int
