"""The source databases of an environment: where in the staging bucket the DMS task of each one writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Tag, WithJsonSchema, model_validator

from deployment_account.model import Model
from deployment_account.replication_settings import External, Replication

_NAME = r"^[a-z][a-z0-9_-]*$"


def _is_name(name: str) -> str:
    if re.fullmatch(_NAME, name) is None:
        raise ValueError(f"{name!r} is no name of a source; begin with a-z, continue with a-z, 0-9, _ and -")
    return name


def _without_slashes_at_its_ends(folder: str) -> str:
    path = folder.strip("/")
    if "//" in path:
        raise ValueError(f"{folder!r} has an empty part between two slashes; write the bucket folder of the DMS task")
    return path


SourceName = Annotated[str, AfterValidator(_is_name), WithJsonSchema({"type": "string", "pattern": _NAME})]
Folder = Annotated[str, AfterValidator(_without_slashes_at_its_ends)]


def _who_replicates(written: object) -> str:
    kind = written.get("kind") if isinstance(written, dict) else getattr(written, "kind", None)
    return "external" if kind == "external" else "dms"


class Source(Model):
    """One source database, which is replicated by one DMS task or by several with the same bucket folder."""

    folder: Folder = ""
    """The bucket folder of the DMS task's target endpoint; empty where it has none."""
    replication: Annotated[
        Annotated[Replication, Tag("dms")] | Annotated[External, Tag("external")], Discriminator(_who_replicates)
    ]
    """How AWS DMS replicates it, or {"kind": "external"} where another team or tool writes the files."""

    @model_validator(mode="before")
    @classmethod
    def _says_who_replicates(cls, written: object) -> object:
        if isinstance(written, dict) and written.get("replication") is None:
            raise ValueError(
                'replication: write {"kind": "external"} if another team or tool writes the files; otherwise engine, '
                "network and secret of the database, which AWS DMS then replicates"
            )
        return written


def _in_folders_of_their_own(sources: Mapping[str, Source]) -> Mapping[str, Source]:
    if not sources:
        raise ValueError("names no source; leave it out for one source default whose DMS task has no bucket folder")
    for (one, first), (other, second) in combinations(sources.items(), 2):
        if first.folder == second.folder:
            raise ValueError(
                f"sources {one} and {other} have the same folder {first.folder!r}, so nothing tells their tables "
                "apart; give each DMS task a bucket folder of its own, or name one source"
            )
    return sources


Sources = Annotated[dict[SourceName, Source], AfterValidator(_in_folders_of_their_own)]
"""By name. Where folders lie in each other, a file is of the source with the longest one."""
DEFAULT_SOURCES = {"default": Source(replication=External())}


def sources_json(sources: Mapping[str, Source]) -> str:
    """Write sources as the runtime reads them."""
    written = {name: source.model_dump(include={"folder"}) for name, source in sources.items()}
    return json.dumps(written, sort_keys=True, separators=(",", ":"))


def replications(sources: Mapping[str, Source]) -> dict[str, Replication]:
    """The sources that this platform has DMS replicate, by name."""
    found = ((name, source.replication) for name, source in sources.items())
    return {name: replication for name, replication in found if isinstance(replication, Replication)}
