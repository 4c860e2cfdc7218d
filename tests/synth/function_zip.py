"""The zip that the functions of a template run."""

from __future__ import annotations

import zipfile

from tests.synth.synthesis import Template


def function_zip(template: Template, runtime: str = "python3.11") -> zipfile.ZipFile:
    """The one zip of all functions of a template that run on this Python, as a deployment uploads it."""
    functions = template.resources("AWS::Lambda::Function").values()
    (key,) = {function["Code"]["S3Key"] for function in functions if function["Runtime"] == runtime}
    (path,) = template.folder.parent.glob(f"asset.{key}")
    return zipfile.ZipFile(path)
