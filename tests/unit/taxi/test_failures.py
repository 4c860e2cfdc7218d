"""Errors are the file's or pass by their class, wherever in a chain of causes it is named."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from py4j.protocol import Py4JError, Py4JNetworkError
from taxi.errors import LayoutError, SourceFileError, is_passing

from lake.errors import RejectedInputError, RetryableError


class Thrown:
    """A throwable of the JVM."""

    def __init__(self, text: str, cause: "Thrown | None" = None) -> None:
        self._text, self._cause = text, cause

    def toString(self) -> str:  # noqa: N802 - as Java names it
        return self._text

    def getCause(self) -> "Thrown | None":  # noqa: N802
        return self._cause


def of_jvm(*chain: str) -> Exception:
    """An error as pyspark captures it: its own text says nothing of the causes."""
    thrown: Thrown | None = None
    for text in reversed(chain):
        thrown = Thrown(text, thrown)
    error = RuntimeError("[FAILED_READ_FILE] Encountered error while reading file")
    error._origin = thrown  # type: ignore[attr-defined]
    return error


def answered(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


TRACE = (
    "An error occurred while calling o1.parquet.\n: org.apache.spark.SparkException: Job aborted\n\tat x.Y.z(Y.scala)"
)


@pytest.mark.parametrize(
    "error",
    [
        of_jvm("org.apache.spark.SparkException: Job aborted", "java.net.SocketTimeoutException: Read timed out"),
        of_jvm("java.io.IOException: x", "software.amazon.awssdk.services.s3.model.S3Exception: Slow Down (503)"),
        of_jvm("com.amazonaws.services.s3.model.AmazonS3Exception: Please reduce your request rate"),
        of_jvm("org.apache.hadoop.fs.s3a.AWSServiceThrottledException: s3a://b/k"),
        of_jvm("org.apache.spark.SparkException: a", "java.lang.OutOfMemoryError: Java heap space"),
        of_jvm("org.apache.iceberg.exceptions.CommitStateUnknownException: x"),
        Py4JError(f"{TRACE}\nCaused by: java.net.UnknownHostException: b.s3.amazonaws.com"),
        Py4JError(TRACE.replace("aborted", "aborted: ExecutorLostFailure (executor 2 exited)")),
        Py4JNetworkError("Answer from Java side is empty"),
        answered("SlowDown", 503),
        answered("ThrottlingException"),
        answered("Whatever", 500),
        EndpointConnectionError(endpoint_url="http://s3"),
        ConnectTimeoutError(endpoint_url="http://s3"),
        RetryableError("throttled"),
    ],
)
def test_failures_of_services_connections_and_the_cluster_pass(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        of_jvm("org.apache.spark.SparkException: x", "org.apache.parquet.io.ParquetDecodingException: can not read"),
        of_jvm("org.apache.spark.SparkException: x", "java.io.IOException: FAILED_TO_UNCOMPRESS(5)"),
        of_jvm("org.apache.spark.SparkException: x", "java.lang.ArithmeticException: long overflow"),
        Py4JError(f"{TRACE}\nCaused by: java.lang.RuntimeException: s3://b/java.net.csv is not a Parquet file"),
        SourceFileError("a java.net.SocketException in its name"),
        LayoutError("missing columns"),
        RejectedInputError("wrong"),
        answered("AccessDenied", 403),
        NoCredentialsError(),
        ZeroDivisionError("a bug"),
    ],
)
def test_what_is_wrong_itself_does_not_pass(error: Any) -> None:
    assert not is_passing(error)


def test_an_endless_message_is_judged_at_once() -> None:
    assert not is_passing(RuntimeError("x" * 1_000_000))


def test_a_chain_of_causes_that_never_ends_is_judged_all_the_same() -> None:
    circle = Thrown("java.lang.IllegalStateException: a")
    circle._cause = circle
    error = RuntimeError("captured")
    error._origin = circle  # type: ignore[attr-defined]
    assert not is_passing(error)
