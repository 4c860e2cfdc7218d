"""A function imports its own packages and Lambda's, nothing that only this machine has."""

import io
import platform
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from etl_cdk.function_code import function_archive

IMPORTS = """
    import importlib
    def handle(event, context):
        try:
            module = importlib.import_module(event["module"])
        except ImportError as error:
            return [type(error).__name__, str(error)]
        return [getattr(module, "__file__", ""), str(getattr(module, "VERSION", ""))]
"""
MODEL = """
    from aws_lambda_powertools import Logger
    from pydantic import BaseModel

    class Count(BaseModel):
        number: int

    def handle(event, context):
        Logger(service="test").info("counted")
        return Count.model_validate_json(event["text"]).model_dump()
"""


@pytest.mark.parametrize("module", ["boto3", "botocore.session", "urllib3", "dateutil.parser", "jmespath", "json"])
def test_what_lambda_has_is_there(module: str, make_function: Callable[..., str], invoke: Callable[..., Any]) -> None:
    assert invoke(make_function(IMPORTS), {"module": module})[0].endswith(".py")


@pytest.mark.parametrize("module", ["ministack", "duckdb", "pydantic", "rich", "pytest", "rehearsal", "odp", "pip"])
def test_what_lambda_has_not_is_not_there(
    module: str, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    assert invoke(make_function(IMPORTS), {"module": module})[0] == "ModuleNotFoundError"


def test_a_function_of_another_processor_runs_with_the_packages_of_its_lock(
    make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    name = make_function(MODEL, archive=function_archive(), architecture="arm64")
    assert invoke(name, {"text": '{"number": 3}'}) == {"number": 3}


def test_beside_its_lock_it_has_its_own_code_and_nothing_of_this_machine(
    make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    name = make_function(IMPORTS, archive=function_archive(), architecture="arm64")
    assert "/code/odp/" in invoke(name, {"module": "odp.errors"})[0]
    assert invoke(name, {"module": "pydantic.version"})[1]
    for module in ("rich", "pyarrow", "ministack", "rehearsal"):
        assert invoke(name, {"module": module})[0] == "ModuleNotFoundError"


def test_packages_that_run_here_are_taken_from_the_functions_code(
    make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    """A lock that nobody can install, and a package beside it: nothing is installed in its place."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("requirements.txt", "no-such-package==1.0 --hash=sha256:" + "0" * 64)
        file.writestr("no_such_package.py", "VERSION = '1.0'")
    name = make_function(IMPORTS, archive=archive.getvalue(), architecture=_of_this_machine())
    assert invoke(name, {"module": "no_such_package"})[1] == "1.0"


def _of_this_machine() -> str:
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
