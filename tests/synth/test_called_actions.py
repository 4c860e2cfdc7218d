"""Least privilege, both ways: a role may do what its code was seen to call, and nothing that it was not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from moto import mock_aws

from tests.synth.called_actions import WORK, Actions, prepare
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template
from tests.synth.test_permissions import as_list, statements, text

REFRESH = ("FileProcessorJobsRole", "FileProcessorNativeRole")
NOT_CALLED = {
    # without it S3 answers 403 where an object is missing, and the code looks for 404
    "ConfigManagerHandlerRole": {"s3:ListBucket"},
}


@pytest.fixture(scope="module")
def called() -> Mapping[str, Actions]:
    """What each role's code called, each beginning with empty tables."""
    found = {}
    for role, work in WORK.items():
        with mock_aws(), pytest.MonkeyPatch.context() as patch:
            prepare(patch)
            found[role] = work()
    return found


def granted(odp: Template, role: str, service: str) -> Iterator[tuple[str, str]]:
    """The actions of a service that a role may call, with the table of each."""
    for granted_to, statement in statements(odp):
        for action in as_list(statement["Action"]):
            if granted_to == role and action.startswith(f"{service}:"):
                yield from ((action, text(odp, resource)) for resource in as_list(statement["Resource"]))


def table_of(resource: str) -> str:
    """The table in an ARN, as the stack names its construct."""
    return resource.rsplit(":table/odpf_", 1)[-1].title().replace("_", "")


@pytest.mark.parametrize("role", WORK)
def test_tables_are_touched_by_the_actions_that_the_code_calls(
    odp: Template, called: Mapping[str, Actions], role: str
) -> None:
    """Defect 30 of the reference: roles over all tables and all buckets."""
    calls = {(action, table) for action, table in called[role] if action.startswith("dynamodb:")}
    assert {(action, table_of(resource)) for action, resource in granted(odp, role, "dynamodb")} == calls


@pytest.mark.parametrize("service", ["s3", "sqs"])
@pytest.mark.parametrize("role", [role for role in WORK if role not in REFRESH])
def test_functions_may_call_of_buckets_and_queues_what_their_code_calls(
    odp: Template, called: Mapping[str, Actions], role: str, service: str
) -> None:
    """Spark and Arrow make the S3 requests of refreshes; the tests with an emulator check them."""
    calls = {action for action, _ in called[role] if action.startswith(f"{service}:")}
    may = {action for action, _ in granted(odp, role, service)} - NOT_CALLED.get(role, set())
    consumes = {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage"}
    lambda_itself = consumes | {"sqs:GetQueueAttributes"} if service == "sqs" else set()
    assert may - lambda_itself == calls


@pytest.mark.parametrize("role", REFRESH)
def test_refreshes_may_read_of_staging_what_their_code_reads_besides_spark(
    odp: Template, called: Mapping[str, Actions], role: str
) -> None:
    calls = {action for action, bucket in called[role] if bucket == "staging"}
    assert calls == {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions"}
    granted_on_staging = {action for action, resource in granted(odp, role, "s3") if "<staging>" in resource}
    assert granted_on_staging == calls | {"s3:ListBucket"}, "without ListBucket a missing object is 403, not 404"


def test_every_role_of_a_function_or_job_is_looked_at(synthesis: Synthesis) -> None:
    odp = synthesis.templates["odp-dev-etl-Odp"]
    roles = {role for role, statement in statements(odp) if "dynamodb:" in str(statement["Action"])}
    assert roles <= WORK.keys()


USES_OF_THE_KEY = {
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
}


@pytest.mark.parametrize("role", WORK)
def test_whoever_writes_encrypted_items_and_objects_may_use_the_key_as_dynamodb_and_s3_demand(
    odp: Template, role: str
) -> None:
    assert {action for action, _ in granted(odp, role, "kms")} == USES_OF_THE_KEY


SECONDS = {
    "BatchManager": 300,
    "FileProcessorNative": 900,
    "FileManagerHandler": 60,
    "FileManagerSweep": 900,
    "ConfigManagerHandler": 180,
    "ConfigManagerDelivery": 60,
}


def test_functions_have_the_time_that_their_work_takes_and_planning_ends_before_its_state_gives_up(
    odp: Template,
) -> None:
    found = {name: each for name, each in odp.resources("AWS::Lambda::Function").items() if "odp." in each["Handler"]}
    seconds = {ours: function["Timeout"] for ours in SECONDS for name, function in found.items() if ours in name}
    assert seconds == SECONDS
    assert len(found) == len(SECONDS)


def test_functions_log_what_they_tell_at_level_info(odp: Template) -> None:
    """Code review C25: the default is WARNING, so lines like `refused the request` had no context."""
    functions = [each for each in odp.resources("AWS::Lambda::Function").values() if "odp." in each["Handler"]]
    assert functions
    for function in functions:
        config = function["LoggingConfig"]
        assert (config["LogFormat"], config["ApplicationLogLevel"]) == ("JSON", "INFO")
