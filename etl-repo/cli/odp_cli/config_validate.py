"""Checks manifests for one environment with the Configuration Manager's code, without the running lake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from odp.config_manager.manifest import Manifests, parse_manifests, read_documents
from odp.config_manager.running_check import RunningCheck, deployed_with
from odp.configuration import Configuration
from odp.errors import ManifestError

from deployment_account.environments import Environment
from odp_cli.lake import cadence_defaults


def validate(folder: Path, environment: Environment) -> Manifests:
    """Check the manifests of a folder against an environment without tables, and return the configuration.

    Raises:
        ManifestError: with every problem.
    """
    return validate_documents(read_documents(folder), environment)


def validate_documents(documents: Mapping[str, str], environment: Environment) -> Manifests:
    """Do the same for the text of each manifest, by the name that messages have for it."""
    manifests = parse_manifests(documents, cadence_defaults(environment))
    deployed = deployed_with(manifests.batches, frozenset(environment.sources))
    try:
        RunningCheck(Configuration.of([], []), {}, deployed).check(manifests)
    except ManifestError as refused:
        raise ManifestError([f"{environment.name}: {problem}" for problem in refused.problems]) from None
    return manifests
