"""Synthesised templates, read from the files that a deployment would read."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.configuration import KNOWN, PROJECT

APPS = ("infra", "etl")
ACCOUNTS = {"dev": "222222222222", "test": "333333333333", "prod": "444444444444"}
ENVIRONMENTS = tuple(ACCOUNTS)


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    stack: str
    folder: Path
    body: dict[str, Any]
    properties: dict[str, Any]

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {
            id_: resource.get("Properties", {})
            for id_, resource in self.body["Resources"].items()
            if resource["Type"] == type_
        }

    def only(self, type_: str, id_starts_with: str = "") -> dict[str, Any]:
        """The properties of the one resource of a type whose logical id starts so."""
        found = [properties for id_, properties in self.resources(type_).items() if id_.startswith(id_starts_with)]
        assert len(found) == 1, f"{self.stack}: {len(found)} of {type_} named {id_starts_with}*"
        return found[0]

    def types(self) -> set[str]:
        """The types of all resources."""
        return {resource["Type"] for resource in self.body["Resources"].values()}


def flags() -> dict[str, Any]:
    """The context of cdk.json, the same in both apps, for apps that a test makes itself."""
    context: dict[str, Any] = json.loads((PROJECT / "infra-repo" / "cdk.json").read_text())["context"]
    return context | {"environments": str(KNOWN)}


def app_module(app: str) -> ModuleType:
    """The app.py of a repository; both have that name, so neither can be imported by it."""
    spec = importlib.util.spec_from_file_location(f"{app}_app", PROJECT / f"{app}-repo" / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def templates(folder: Path) -> dict[str, Template]:
    """All templates of an assembly, nested stages included, by stack name."""
    found: dict[str, Template] = {}
    for id_, artifact in json.loads((folder / "manifest.json").read_text())["artifacts"].items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            found |= templates(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            name = properties.get("stackName", id_)
            found[name] = Template(
                name, folder, json.loads((folder / properties["templateFile"]).read_text()), properties
            )
    return found
