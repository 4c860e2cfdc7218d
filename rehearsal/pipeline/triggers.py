"""Which pipelines a push starts: those whose trigger names its branch and a file that it changed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.pipeline.errors import UnsupportedPipelineError

_PROVIDER = "CodeStarSourceConnection"


@dataclass(frozen=True)
class Push:
    """New commits on one branch of a repository."""

    repository: str
    branch: str
    commit: str
    changed_files: tuple[str, ...]


def started_source(document: Mapping[str, Any], push: Push) -> str | None:
    """Name the source action that a push starts; None if it does not start the pipeline."""
    sources = {action["name"]: action["configuration"] for action in document["stages"][0]["actions"]}
    for trigger in document.get("triggers", ()):
        git = trigger["gitConfiguration"]
        name = git["sourceActionName"]
        if trigger["providerType"] != _PROVIDER or "pullRequest" in git:
            raise UnsupportedPipelineError(f"{document['name']}: only triggers on pushes to a connection are rehearsed")
        is_from_here = sources[name].get("FullRepositoryId") == push.repository
        if is_from_here and any(_accepts(filters, push) for filters in git.get("push", ())):
            return str(name)
    return None


def _accepts(filters: Mapping[str, Any], push: Push) -> bool:
    if "tags" in filters:
        raise UnsupportedPipelineError("triggers on tags are not rehearsed")
    return _includes(filters.get("branches"), [push.branch]) and _includes(filters.get("filePaths"), push.changed_files)


def _includes(patterns: Mapping[str, Sequence[str]] | None, names: Iterable[str]) -> bool:
    """One of the names is included and not excluded; without a filter every name is."""
    if patterns is None:
        return True
    included, excluded = patterns.get("includes") or ["**"], patterns.get("excludes") or []
    return any(_matches(name, included) and not _matches(name, excluded) for name in names)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(_expression(pattern), name) for pattern in patterns)


def _expression(pattern: str) -> str:
    """CodePipeline's glob: `*` stays within a folder, `**` does not, `{a,b}` is either; groups are not nested.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
    """
    if unknown := re.search(r"[][\\\\]|\{[^}]*(?:\{|$)|^[^{]*\}", pattern):
        raise UnsupportedPipelineError(f"{pattern}: {unknown[0]} in the pattern of a trigger is not rehearsed")
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    literal = "".join(wild.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern))
    return re.sub(r"\\\{(.*?)\\\}", lambda group: f"(?:{group[1].replace(',', '|')})", literal)
