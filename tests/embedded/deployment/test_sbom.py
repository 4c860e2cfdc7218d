"""The bill of materials holds what the locks pin, no more and no less, and CycloneDX's own schema accepts it."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.configuration import PROJECT

OF_FUNCTIONS = ("requirements-lambda.txt", "requirements-native.txt")
PYTHON_LOCKS = ("requirements.txt", *OF_FUNCTIONS, "requirements-uv.txt", "requirements-tools.txt")
_VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(str(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or ""))
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has only the locked tools."""
    folder, uv = tmp_path_factory.mktemp("tools"), Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    install = ["pip", "sync", "--quiet", "--only-binary", ":all:", "--require-hashes", "requirements-tools.txt"]
    python = folder / "venv" / "bin" / "python"
    subprocess.run([str(uv), *install, "--python", str(python)], cwd=PROJECT, check=True, timeout=240)
    return python


@pytest.fixture(scope="module")
def document(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("sbom") / "below" / "sbom.cdx.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([tools, "-m", "scripts.sbom", file], cwd=PROJECT, env=environment, check=True, timeout=240)
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def _property(component: dict[str, Any], name: str) -> str:
    found = [one["value"] for one in component["properties"] if one["name"] == f"odp-data-lake:{name}"]
    return str(found[0]) if found else ""


def test_it_is_cyclonedx_1_6_by_the_schema(tools: Path, document: dict[str, Any]) -> None:
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")

    def said(content: dict[str, Any]) -> str:
        judge = [str(tools), "-c", _VALIDATE]
        return subprocess.run(
            judge, input=json.dumps(content), capture_output=True, text=True, check=False
        ).stderr.strip()

    small = {**document, "components": document["components"][:3], "dependencies": []}
    assert said(small) == ""
    small["components"] = [{**small["components"][0], "scope": "sometimes"}]
    assert "sometimes" in said(small), "the schema is asked"


def test_every_pinned_package_is_in_it_once(document: dict[str, Any]) -> None:
    pinned = Counter(
        (lock, f"pkg:pypi/{name}@{version}")
        for lock in PYTHON_LOCKS
        for name, version in re.findall(r"^(\S+)==([^\s;]+)", (PROJECT / lock).read_text(), re.MULTILINE)
    )
    npm = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    pinned.update(
        ("package-lock.json", f"pkg:npm/{name.removeprefix('node_modules/')}@{entry['version']}")
        for name, entry in npm.items()
        if name
    )
    pinned.update(
        ("jars.lock.json", f"pkg:maven/{jar['name'].replace(':', '/')}@{jar['version']}")
        for one in json.loads((PROJECT / "jars.lock.json").read_text())["sets"]
        for jar in one["jars"]
    )
    assert Counter((_property(one, "lock"), one["purl"]) for one in document["components"]) == pinned


def test_every_component_has_the_hashes_of_its_lock(document: dict[str, Any]) -> None:
    locks = "".join((PROJECT / lock).read_text() for lock in (*PYTHON_LOCKS, "jars.lock.json"))
    for component in document["components"]:
        references = component.get("externalReferences", [])
        hashes = [*component.get("hashes", []), *(one for reference in references for one in reference["hashes"])]
        assert hashes, component["purl"]
        assert all(one["alg"] == "SHA-512" or one["content"] in locks for one in hashes)


@pytest.mark.parametrize(
    ("package", "scope", "use"),
    [
        ("aws-cdk-lib", "required", "synthesis"),
        ("jsii", "required", "synthesis"),
        ("pydantic-core", "required", "synthesis"),
        ("uv", "required", "synthesis"),
        ("botocore", "required", "commands"),
        ("s3transfer", "required", "commands"),
        ("aws-cdk", "required", "commands"),
        ("ministack", "excluded", "development"),
        ("pytest", "excluded", "development"),
        ("hypothesis", "excluded", "development"),
        ("duckdb", "excluded", "development"),
        ("pip-audit", "excluded", "development"),
        ("hadoop-aws", "excluded", "development"),
    ],
)
def test_what_only_rehearsals_and_tests_use_is_told_from_what_deployments_use(
    package: str, scope: str, use: str, document: dict[str, Any]
) -> None:
    found = {
        (one["scope"], _property(one, "used-for"))
        for one in document["components"]
        if one["name"] == package and _property(one, "lock") not in OF_FUNCTIONS
    }
    assert found == {(scope, use)}


def test_what_functions_are_deployed_with_is_told_from_all_else(document: dict[str, Any]) -> None:
    deployed = [one for one in document["components"] if _property(one, "used-for") == "functions"]
    assert {one["scope"] for one in deployed} == {"required"}
    assert {_property(one, "lock") for one in deployed} == set(OF_FUNCTIONS)
    assert {"aws-lambda-powertools", "pydantic", "pyiceberg"} < {one["name"] for one in deployed}


def test_it_says_which_components_are_deployed(document: dict[str, Any]) -> None:
    project = document["metadata"]["component"]
    assert _property(project, "components-deployed").startswith("those used for functions")
    assert project["licenses"] == [{"expression": "Apache-2.0"}]
