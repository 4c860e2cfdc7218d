"""The versions of the software that made a lake, for the report."""

import os
import platform
from importlib.metadata import version

from rehearsal.jars import FORMATS


def versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions; the distribution named hudi is hudi-rs, which only reads."""
    formats = tuple((name, coordinates[0].rpartition(":")[2]) for name, coordinates in FORMATS.items())
    return (
        (
            "machine",
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        ),
        *((package, version(package)) for package in ("aws-cdk-lib", "ministack", "pyspark")),
        *formats,
        ("hudi-rs (validation)", version("hudi")),
        ("duckdb (validation)", version("duckdb")),
    )
