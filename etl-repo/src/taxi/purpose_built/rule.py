"""A rule: the SQL of one purpose-built table, whose text is its version."""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass

_FOLDER = "taxi.purpose_built.rules"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a purpose-built table holds."""

    name: str
    sql: str

    @property
    def version(self) -> str:
        """Another text is another version, of which nothing that was computed before is kept."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def load_rules() -> Sequence[Rule]:
    """Read every rule that this package holds; a further one is a further file."""
    files = importlib.resources.files(_FOLDER).iterdir()
    texts = {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")}
    return [Rule(name.removesuffix(".sql"), texts[name]) for name in sorted(texts)]
