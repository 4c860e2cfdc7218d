"""The contract with ministack's private parts: a new version that moves one of them fails here first."""

import inspect

import pytest

from rehearsal.emulator import seams

SIGNATURES = {
    seams.CONDITION_KEY: "(key: str, ctx: ministack.core.iam_evaluator.EvalContext) -> Any",
    seams.REQUEST_RESOURCE: (
        "(service: str, method: str, path: str, headers: dict, body: bytes, "
        "query_params: dict, region: str, account_id: str) -> str"
    ),
    seams.TRUSTED_SERVICE: "(principal: Any, service: str) -> bool",
    seams.REGISTER_SESSION: "(access_key: str, session: dict) -> None",
    seams.ACCOUNT_OF_KEY: "(access_key_id: str) -> str",
    seams.CREDENTIAL_FAILURE: "(service: str, iam_action: str, request_id: str, denied, headers: dict)",
    seams.LAMBDA_WORKER_CREDENTIALS: "(config: dict) -> dict[str, str]",
    seams.LAMBDA_CREDENTIALS: "(config: dict) -> dict[str, str]",
    seams.LAMBDA_EXECUTE: "(func: dict, event: dict, request_id: str) -> dict",
    seams.RUN_EXECUTION: "(exec_arn)",
    seams.EXECUTION_ERROR: "(error, cause)",
    seams.INVOKE_RESOURCE: "(resource, input_data)",
    seams.S3_COMPLETE_UPLOAD: (
        "(bucket_name: str, key: str, body: bytes, query_params: dict, headers: dict | None = None)"
    ),
    seams.S3_NOW: "() -> str",
    seams.FIND_RETRIER: "(retriers, error, retry_counts)",
    seams.RUNS_ON_WORKER_THREAD: "(resource_type: str) -> bool",
    seams.ATHENA_START: "(data)",
    seams.ATHENA_RUN_DDL: "(ddl, database)",
    seams.ATHENA_TABLE_RELATION: "(table_data, files)",
    seams.ATHENA_EMPTY_RELATION: "(table_data)",
    seams.GLUE_CREATE_JOB: "(data)",
    seams.GLUE_UPDATE_JOB: "(data)",
    seams.GLUE_START_JOB_RUN: "(data)",
    seams.GLUE_GET_JOB_RUN: "(data)",
    seams.GLUE_GET_JOB_RUNS: "(data)",
    seams.GLUE_STOP_JOB_RUNS: "(data)",
}


@pytest.mark.parametrize("seam", seams.ALL, ids=lambda seam: f"{seam.module}.{seam.name}")
def test_ministack_has_every_name_that_an_extension_uses(seam: seams.Seam) -> None:
    assert seam.value is not None


@pytest.mark.parametrize("seam", SIGNATURES, ids=lambda seam: seam.name)
def test_a_function_takes_what_its_replacement_takes(seam: seams.Seam) -> None:
    assert str(inspect.signature(seam.value)) == SIGNATURES[seam]


def test_a_cloudformation_handler_is_called_with_logical_id_properties_and_stack() -> None:
    assert list(inspect.signature(seams.RESOURCE_HANDLERS.value["AWS::EC2::VPC"]["create"]).parameters) == [
        "logical_id", "props", "stack_name",
    ]  # fmt: skip


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.emulator.seams.metadata.version", lambda _: "1.6.0")
    with pytest.raises(seams.UnsupportedEmulatorError, match=r"1\.6\.0 is installed.*checked against 1\.5\.33"):
        seams.require_supported_version()


def test_the_locked_version_is_the_supported_one() -> None:
    seams.require_supported_version()
