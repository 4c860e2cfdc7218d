"""Reading a cloud assembly."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.deployment.assembly import Assembly, AssemblyError

ENVIRONMENT = "aws://222222222222/us-east-1"


def _stack(*dependencies: str, environment: str = ENVIRONMENT, **properties: Any) -> dict[str, Any]:
    given = {"templateFile": "t.json", "stackTemplateAssetObjectUrl": "s3://assets/t.json", **properties}
    kind = "aws:cloudformation:stack"
    return {"type": kind, "environment": environment, "dependencies": list(dependencies), "properties": given}


def _write(folder: Path, artifacts: dict[str, Any]) -> Assembly:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"version": "54.0.0", "artifacts": artifacts}))
    return Assembly(folder)


def _asset_manifest(folder: Path, name: str, content: dict[str, Any]) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content))
    return {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.json"}}


def _file(path: str, key: str, packaging: str = "file") -> dict[str, Any]:
    return {
        "source": {"path": path, "packaging": packaging},
        "destinations": {"here": {"bucketName": "assets", "objectKey": key}},
    }


def test_a_stack_comes_after_those_it_depends_on_however_they_are_written(tmp_path: Path) -> None:
    assembly = _write(tmp_path, {"last": _stack("middle"), "middle": _stack("first"), "first": _stack()})
    assert [stack.name for stack in assembly.stacks] == ["first", "middle", "last"]


def test_a_stack_is_read_as_it_was_synthesised(tmp_path: Path) -> None:
    properties: dict[str, Any] = {
        "stackName": "named",
        "tags": {"a": "b"},
        "bootstrapStackVersionSsmParameter": "/version",
    }
    (stack,) = _write(tmp_path, {"artifact": _stack(**properties)}).stacks
    assert (stack.name, stack.account, stack.region) == ("named", "222222222222", "us-east-1")
    assert (stack.tags, stack.bootstrap_parameter) == ({"a": "b"}, "/version")
    assert stack.template == tmp_path / "t.json"
    assert stack.template_url == "s3://assets/t.json"


def test_nested_stages_belong_to_the_assembly(tmp_path: Path) -> None:
    _write(tmp_path / "assembly-dev", {"inner": _stack()})
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev"}}
    assembly = _write(tmp_path, {"stage": stage, "outer": _stack()})
    assert {stack.name for stack in assembly.stacks} == {"outer", "inner"}
    assert next(stack for stack in assembly.stacks if stack.name == "inner").template.parent.name == "assembly-dev"


def test_an_asset_that_two_stacks_share_is_published_once(tmp_path: Path) -> None:
    shared = {"files": {"hash": _file("asset.1", "1.zip", "zip")}}
    one, two = _asset_manifest(tmp_path, "one", shared), _asset_manifest(tmp_path, "two", shared)
    assembly = _write(tmp_path, {"one": one, "two": two, "a": _stack("one"), "b": _stack("two")})
    (asset,) = assembly.assets
    assert (asset.path, asset.is_folder) == (tmp_path / "asset.1", True)
    assert (asset.bucket, asset.key, asset.account) == ("assets", "1.zip", "222222222222")


def test_assets_outside_a_stages_folder_are_found(tmp_path: Path) -> None:
    stage = tmp_path / "assembly-dev"
    manifest = _asset_manifest(stage, "one", {"files": {"hash": _file("../asset.1", "1.json")}})
    (asset,) = _write(stage, {"one": manifest, "a": _stack("one")}).assets
    assert (asset.path, asset.is_folder) == (tmp_path / "asset.1", False)


def test_container_images_are_refused(tmp_path: Path) -> None:
    manifest = _asset_manifest(tmp_path, "one", {"files": {}, "dockerImages": {"image": {}}})
    with pytest.raises(AssemblyError, match="container images"):
        _ = _write(tmp_path, {"one": manifest, "a": _stack("one")}).assets


@pytest.mark.parametrize("environment", ["aws://unknown-account/us-east-1", "aws://222222222222/unknown-region"])
def test_a_stack_without_an_account_or_region_is_refused(environment: str, tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="names no account or Region"):
        _ = _write(tmp_path, {"a": _stack(environment=environment)}).stacks


@pytest.mark.parametrize("content", [None, "{"])
def test_a_folder_that_is_no_assembly_is_named(content: str | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(AssemblyError, match=f"{tmp_path} is no cloud assembly"):
        _ = Assembly(tmp_path).stacks
