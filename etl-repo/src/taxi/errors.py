"""Errors of definitions and files, each with problem, place and correction; and which failures are transient."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.errors import RejectedInputError, RetryableError, TerminalError


class DatasetError(RejectedInputError):
    """Dataset files are refused; each of `problems` names the place and the correction."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the datasets:", *(f"  {problem}" for problem in problems)]))


class RuleError(RejectedInputError):
    """Rules or queries do not fit their datasets; each of `problems` names the place and the correction."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the rules:", *(f"  {problem}" for problem in problems)]))


class LayoutError(RejectedInputError):
    """The columns of a file fit no declared layout of its dataset."""


class SourceFileError(RejectedInputError):
    """A file cannot be read in the format of its name."""


class PassingFailureError(RetryableError):
    """A file could not be read because of a transient failure."""


class BuildFailedError(TerminalError):
    """At least one purpose-built table was not updated; the others were."""


# Separates transient failures, such as a throttled service, from faults of a file itself.


_PASSING_CLASS = re.compile(
    r"""\b(?:
    java\.net\.|javax\.net\.ssl\.|java\.nio\.channels\.|org\.apache\.http\.|io\.netty\.            # connections
    |java\.io\.(?:InterruptedIOException|FileNotFoundException)|java\.util\.concurrent\.TimeoutException
    |software\.amazon\.awssdk\.|com\.amazonaws\.|org\.apache\.hadoop\.(?:fs\.s3a|net)\.            # AWS
    |botocore\.exceptions\.(?:HTTPClientError|ConnectionError|EndpointConnectionError)
    |org\.apache\.iceberg\.exceptions\.(?:Commit\w+|ServiceFailure|ServiceUnavailable)\w*Exception
    |java\.lang\.OutOfMemoryError|ExecutorLostFailure|FetchFailed|SparkOutOfMemoryError             # the cluster
    |org\.apache\.spark\.memory\.|org\.apache\.spark\.rpc\.|org\.apache\.spark\.shuffle\.|Py4JNetworkError
    )""",
    re.VERBOSE,
)
_PASSING_CODES = {
    "InternalError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_MOST_CAUSES, _LINE_LENGTH = 20, 1_000


def is_passing(error: BaseException) -> bool:
    """Whether an error is transient, by its class and the classes of its causes."""
    if isinstance(error, RejectedInputError):
        return False
    if isinstance(error, RetryableError) or _is_passing_answer(error):
        return True
    return any(_PASSING_CLASS.search(name) for name in _class_names(error))


def _is_passing_answer(error: BaseException) -> bool:
    """Whether this is a transient error of AWS, as boto3 raises it."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return False
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or response.get("Error", {}).get("Code") in _PASSING_CODES  # noqa: PLR2004


def _class_names(error: BaseException) -> Iterator[str]:
    """Return the classes of the error in Python and in the JVM, including classes in a stack trace's text."""
    yield from (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    yield from _classes_in(str(error))
    thrown = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(_MOST_CAUSES):
        if thrown is None:
            return
        yield from _classes_in(str(thrown.toString()))
        thrown = thrown.getCause()


def _classes_in(text: str) -> Iterator[str]:
    """Find exceptions where traces name them, but not in messages about a file."""
    for line in text.splitlines():
        if not line.lstrip().startswith("at "):
            yield from re.findall(r"(?:[\w$]+\.)*[\w$]*(?:Exception|Error|Failure|FetchFailed)\b", line[:_LINE_LENGTH])
