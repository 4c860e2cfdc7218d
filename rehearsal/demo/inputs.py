"""What a demo is made from, read and checked before anything is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from odp.config_manager.manifest import Manifests

from deployment_account.environments import Platform
from rehearsal.demo.workspace import CONFIGURATION, PROJECT

IN_PROJECT = Path("etl-repo") / "table_configs"
MANIFESTS = PROJECT / IN_PROJECT


@dataclass(frozen=True, slots=True)
class Inputs:
    """The trips of the source, and the texts that are deployed."""

    trips: pa.Table
    configuration: str
    """The environments.json."""
    platform: Platform
    documents: Mapping[str, str]
    """The manifests, by file name."""
    manifests: Manifests

    @property
    def changed_files(self) -> Mapping[Path, str]:
        """The texts by their place in the project."""
        manifests = {IN_PROJECT / name: text for name, text in self.documents.items()}
        return {**manifests, CONFIGURATION.relative_to(PROJECT): self.configuration}
