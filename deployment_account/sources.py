"""The source databases of an environment: where in the staging bucket the DMS task of each one writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from deployment_account.model import Model
from deployment_account.replication_settings import Replication

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


class Source(Model):
    """One source database, which is replicated by one DMS task or by several with the same bucket folder."""

    folder: Folder = ""
    """The bucket folder of the DMS task's target endpoint; empty where it has none."""
    replication: Replication | None = None
    """How AWS DMS replicates it; None where another team or tool writes the files."""


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
DEFAULT_SOURCES = {"default": Source()}


def sources_json(sources: Mapping[str, Source]) -> str:
    """Write sources as the runtime reads them."""
    written = {name: source.model_dump(include={"folder"}) for name, source in sources.items()}
    return json.dumps(written, sort_keys=True, separators=(",", ":"))


def replications(sources: Mapping[str, Source]) -> dict[str, Replication]:
    """The sources that this platform has DMS replicate, by name."""
    return {name: source.replication for name, source in sources.items() if source.replication}
