"""A failed Lambda function reports its exception's class as errorType, so that Retry and Catch find it as on AWS."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Execute = Callable[..., dict[str, Any]]

_REPORTED = '"error": str(e), "trace":'
_REPORTED_WITH_TYPE = '"error": str(e), "type": type(e).__name__, "trace":'


class _TypedMessage(str):
    """An error message that carries the class of its exception on the way through ministack."""

    __slots__ = ("error_type",)
    error_type: str


def install() -> None:
    """Let the worker tell the exception's class, and put it in place of Runtime.HandlerError."""
    patches.LAMBDA_WORKER_SCRIPT.replace(_tell_the_type)
    patches.LAMBDA_WORKER_INVOKE.replace(_carry_the_type)
    patches.LAMBDA_EXECUTE.replace(_report_the_type)


def _tell_the_type(script: str) -> str:
    if script.count(_REPORTED) != 1:
        raise patches.UnsupportedEmulatorError("ministack's Lambda worker reports errors in another way than expected")
    return script.replace(_REPORTED, _REPORTED_WITH_TYPE)


def _carry_the_type(invoke: Execute) -> Execute:
    def invoke_with_type(*arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - handed through
        response = invoke(*arguments, **options)
        if error_type := response.get("type"):
            response["error"] = _TypedMessage(response["error"])
            response["error"].error_type = error_type
        return response

    return invoke_with_type


def _report_the_type(execute: Execute) -> Execute:
    def execute_with_type(*arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - handed through
        result = execute(*arguments)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and isinstance(body.get("errorMessage"), _TypedMessage):
            body["errorType"] = body["errorMessage"].error_type
        return result

    return execute_with_type
