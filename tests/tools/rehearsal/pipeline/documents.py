"""Small pipeline definitions, in the shape of the CodePipeline API."""

from typing import Any

Document = dict[str, Any]


def action(name: str, kind: str = "Build/CodeBuild", **values: Any) -> Document:
    category, provider = kind.split("/")
    type_id = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": type_id, "runOrder": 1, "configuration": {}, **values}


def pipeline(*stages: tuple[str, list[Document]], **values: Any) -> Document:
    return {
        "name": "small",
        "roleArn": "arn:aws:iam::111111111111:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": name, "actions": actions} for name, actions in stages],
        **values,
    }
