"""What Lambda functions see and how they fail."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator.process import Emulator

FAILING = """
class RetryableError(Exception):
    pass

def handle(event, context):
    try:
        raise KeyError("first: inner")
    except KeyError as error:
        raise RetryableError("busy\\nTraceback (most recent call last):\\nOther: line") from error
"""


def test_an_exception_is_reported_by_its_class(make_function: Callable[..., str], invoke: Callable[..., Any]) -> None:
    answer = invoke(make_function(FAILING))
    assert answer["errorType"] == "RetryableError"
    assert answer["errorMessage"] == "busy\nTraceback (most recent call last):\nOther: line"


def test_a_function_that_cannot_be_imported_is_reported(
    make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    assert "no_such_module" in invoke(make_function("import no_such_module"))["errorMessage"]


def test_a_function_sees_its_own_variables_and_nothing_of_the_emulators(
    make_function: Callable[..., str], invoke: Callable[..., Any], emulator: Emulator
) -> None:
    source = "import os\ndef handle(event, context): return dict(os.environ)"
    seen = invoke(make_function(source, environment={"TABLE": "tracker", "AUTH": "true"}))
    assert seen["TABLE"] == "tracker"
    assert seen["AUTH"] == "true"
    assert seen["AWS_REGION"] == emulator.settings.region
    leaked = set(emulator.settings.environment()) & set(seen) - {"AUTH", "PATH", "LANG", "HOME", "TMPDIR"}
    assert leaked == {"AWS_EC2_METADATA_DISABLED"}
    assert seen["HOME"] != emulator.settings.environment()["HOME"]


def test_a_function_acts_as_its_role(
    make_function: Callable[..., str], invoke: Callable[..., Any], account: str
) -> None:
    source = "import boto3\ndef handle(event, context): return boto3.client('sts').get_caller_identity()['Arn']"
    name = make_function(source)
    assert invoke(name) == f"arn:aws:sts::{account}:assumed-role/{name}-role/{name}"


def test_a_function_may_do_what_its_role_allows_and_no_more(
    make_function: Callable[..., str], invoke: Callable[..., Any], bucket: str
) -> None:
    source = f"""
        import boto3
        def handle(event, context):
            return [o["Key"] for o in boto3.client("s3").list_objects_v2(Bucket="{bucket}").get("Contents", [])]
    """
    assert invoke(make_function(source, "s3:ListBucket")) == []
    assert invoke(make_function(source))["errorType"] == "AccessDenied"


def test_what_a_function_prints_is_in_its_log_file(
    make_function: Callable[..., str], invoke: Callable[..., Any], emulator: Emulator
) -> None:
    name = make_function("def handle(event, context): print('a line for people')")
    invoke(name)
    assert "a line for people" in (emulator.settings.logs / "lambda" / f"{name}.log").read_text()
