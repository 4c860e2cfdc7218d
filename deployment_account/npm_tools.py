"""The tools that builds install from npm: one file each, compared with package-lock.json before npm unpacks it."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Self

LOCK = Path(__file__).resolve().parents[1] / "package-lock.json"
_ALGORITHM = "sha512-"


@dataclass(frozen=True)
class NpmTool:
    """A package that brings all that it needs in one file.

    `npm install name@version` takes whatever the registry serves under that version. The builds that install these
    tools have the strongest roles of a pipeline.
    """

    name: str
    version: str
    sha512: str

    @classmethod
    def locked(cls, name: str, lock: Path = LOCK) -> Self:
        """Read version and hash from the lock file; a package that leads to others cannot be checked by one hash."""
        found = json.loads(lock.read_text(encoding="utf-8"))["packages"][f"node_modules/{name}"]
        if found.get("dependencies") or found.get("optionalDependencies"):
            raise ValueError(f"{lock.name}: {name} needs other packages, which npm would fetch without a check")
        digest = str(found["integrity"])
        if not digest.startswith(_ALGORITHM):
            raise ValueError(f"{lock.name}: {name} has no hash by SHA-512")
        return cls(name, str(found["version"]), b64decode(digest.removeprefix(_ALGORITHM), validate=True).hex())

    @property
    def fetch(self) -> str:
        """Fetch the file and fail unless its content is the locked one.

        It runs in the home folder, because npm obeys an `.npmrc` in the current one, which holds what was pushed.
        """
        check = f'echo "{self.sha512}  {self._file}" | sha512sum --check --strict -'
        return f'(cd "$HOME" && npm pack --silent {self.name}@{self.version} && {check})'

    @property
    def fetched(self) -> str:
        """What stands for a version where CDK writes `npm install -g <name>@<version>` itself."""
        return f'file:"$HOME"/{self._file}'

    @property
    def install_commands(self) -> list[str]:
        """Fetch, compare, install."""
        return [self.fetch, f"npm install -g {self.name}@{self.fetched}"]

    @property
    def _file(self) -> str:
        return f"{self.name}-{self.version}.tgz"


CDK = NpmTool.locked("aws-cdk")
CDK_ASSETS = NpmTool.locked("cdk-assets")
