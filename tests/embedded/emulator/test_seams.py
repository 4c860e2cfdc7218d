"""The contract with ministack's private parts: a new version that moves one of them fails here first."""

import inspect

import pytest

from rehearsal.emulator import ministack_patches as patches

SIGNATURES = {
    patches.CONDITION_KEY: "(key: str, ctx: ministack.core.iam_evaluator.EvalContext) -> Any",
    patches.REQUEST_RESOURCE: (
        "(service: str, method: str, path: str, headers: dict, body: bytes, "
        "query_params: dict, region: str, account_id: str) -> str"
    ),
    patches.TRUSTED_SERVICE: "(principal: Any, service: str) -> bool",
    patches.REGISTER_SESSION: "(access_key: str, session: dict) -> None",
    patches.ACCOUNT_OF_KEY: "(access_key_id: str) -> str",
    patches.CREDENTIAL_FAILURE: "(service: str, iam_action: str, request_id: str, denied, headers: dict)",
    patches.LAMBDA_WORKER_CREDENTIALS: "(config: dict) -> dict[str, str]",
    patches.LAMBDA_CREDENTIALS: "(config: dict) -> dict[str, str]",
    patches.LAMBDA_EXECUTE: "(func: dict, event: dict, request_id: str) -> dict",
    patches.RUN_EXECUTION: "(exec_arn)",
    patches.EXECUTION_ERROR: "(error, cause)",
    patches.INVOKE_RESOURCE: "(resource, input_data)",
    patches.S3_COMPLETE_UPLOAD: (
        "(bucket_name: str, key: str, body: bytes, query_params: dict, headers: dict | None = None)"
    ),
    patches.S3_NOW: "() -> str",
    patches.FIND_RETRIER: "(retriers, error, retry_counts)",
    patches.RUNS_ON_WORKER_THREAD: "(resource_type: str) -> bool",
    patches.ATHENA_START: "(data)",
    patches.ATHENA_RUN_DDL: "(ddl, database)",
    patches.ATHENA_TABLE_RELATION: "(table_data, files)",
    patches.ATHENA_EMPTY_RELATION: "(table_data)",
    patches.GLUE_REQUEST: "(method, path, headers, body, query_params)",
    patches.GLUE_CREATE_JOB: "(data)",
    patches.GLUE_UPDATE_JOB: "(data)",
    patches.GLUE_START_JOB_RUN: "(data)",
    patches.GLUE_GET_JOB_RUN: "(data)",
    patches.GLUE_GET_JOB_RUNS: "(data)",
    patches.GLUE_STOP_JOB_RUNS: "(data)",
}


@pytest.mark.parametrize("seam", patches.ALL, ids=lambda seam: f"{seam.module}.{seam.name}")
def test_ministack_has_every_name_that_an_extension_uses(seam: patches.Seam) -> None:
    assert seam.value is not None


@pytest.mark.parametrize("seam", SIGNATURES, ids=lambda seam: seam.name)
def test_a_function_takes_what_its_replacement_takes(seam: patches.Seam) -> None:
    assert str(inspect.signature(seam.value)) == SIGNATURES[seam]


def test_a_cloudformation_handler_is_called_with_logical_id_properties_and_stack() -> None:
    assert list(inspect.signature(patches.RESOURCE_HANDLERS.value["AWS::EC2::VPC"]["create"]).parameters) == [
        "logical_id", "props", "stack_name",
    ]  # fmt: skip


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.emulator.ministack_patches.metadata.version", lambda _: "1.6.0")
    with pytest.raises(patches.UnsupportedEmulatorError, match=r"1\.6\.0 is installed.*checked against 1\.5\.33"):
        patches.require_supported_version()


def test_the_locked_version_is_the_supported_one() -> None:
    patches.require_supported_version()
