"""Checks the names of manifests' databases and jobs against the environment's patterns, which policies use."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from deployment_account.errors import ConfigurationError

if TYPE_CHECKING:
    from odp.config_manager.manifest import Manifests

    from deployment_account.environments import Environment
    from deployment_account.names import Names


def refuse_unknown_names(manifests: Manifests, environment: Environment) -> None:
    """Refuse at synthesis names that the execution role would refuse during a deployment.

    Raises:
        ConfigurationError: a manifest names a database or job outside `catalog_names`.
    """
    named = {table.raw_database_name for table in manifests.tables} | {one.glue_job_name for one in manifests.batches}
    unknown = sorted(name for name in named if not any(fnmatchcase(name, one) for one in environment.catalog_names))
    if unknown:
        problem = (
            f"environments.{environment.name}.catalog_names: {', '.join(environment.catalog_names)}, but manifests "
            f"name {', '.join(unknown)}: add a pattern, run "
            f"`python -m scripts.bootstrap target-account {environment.name}` again, then push"
        )
        raise ConfigurationError("config/environments.json", [problem])


def database_patterns(manifests: Manifests, environment: Environment, names: Names) -> list[str]:
    """The patterns of `catalog_names` that match databases of the manifests, with the lake's prefix.

    A policy that named each of some dozen databases would be longer than IAM allows.
    """
    databases = {table.raw_database_name for table in manifests.tables}
    return [
        names.database(pattern)
        for pattern in environment.catalog_names
        if any(fnmatchcase(name, pattern) for name in databases)
    ]
