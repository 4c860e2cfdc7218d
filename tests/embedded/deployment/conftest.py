"""Cloud assemblies written by hand: small, and wrong in the way that a test wants."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.deployment.assembly import Assembly

BUCKET = "cdk-hnb659fds-assets-{account}-us-east-1"
Template = dict[str, Any]


@pytest.fixture
def make_assembly(tmp_path: Path, account: str) -> Callable[..., Assembly]:
    """Write an assembly of files and stacks; each stack depends on the ones before it."""

    def make(stacks: dict[str, Template], files: dict[str, str] | None = None) -> Assembly:
        folder = tmp_path / "assembly"
        folder.mkdir(exist_ok=True)
        artifacts: dict[str, Any] = {}
        for name in reversed(stacks):
            earlier = list(stacks)[: list(stacks).index(name)]
            artifacts |= _stack(folder, account, name, stacks[name], earlier, files or {})
        (folder / "manifest.json").write_text(json.dumps({"version": "54.0.0", "artifacts": artifacts}))
        return Assembly(folder)

    return make


def _stack(
    folder: Path, account: str, name: str, template: Template, earlier: list[str], files: dict[str, str]
) -> dict[str, Any]:
    bucket, text = BUCKET.format(account=account), json.dumps(template)
    key = hashlib.sha256(text.encode()).hexdigest() + ".json"
    (folder / f"{name}.template.json").write_text(text)
    sources = {f"{name}.template.json": key, **files}
    assets = {
        path: {
            "source": {"path": path, "packaging": "zip" if (folder / path).is_dir() else "file"},
            "destinations": {"here": {"bucketName": bucket, "objectKey": target}},
        }
        for path, target in sources.items()
    }
    (folder / f"{name}.assets.json").write_text(json.dumps({"files": assets}))
    return {
        f"{name}.assets": {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}},
        name: {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/us-east-1",
            "dependencies": [f"{name}.assets", *earlier],
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackTemplateAssetObjectUrl": f"s3://{bucket}/{key}",
                "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
                "tags": {"owner": "tests"},
            },
        },
    }
