"""The zip that the functions of a template run."""

from __future__ import annotations

import zipfile

from tests.synth.synthesis import Template


def function_zip(template: Template) -> zipfile.ZipFile:
    """The one zip of all functions of a template, as a deployment uploads it."""
    functions = template.resources("AWS::Lambda::Function").values()
    (key,) = {function["Code"]["S3Key"] for function in functions}
    (path,) = template.folder.parent.glob(f"asset.{key}")
    return zipfile.ZipFile(path)
