"""Tells the trouble of an AWS service, which passes, from the failures of a call, which stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own

from lake.errors import ServiceUnavailableError
from lake.ledger.connection import is_passing

_TOO_MANY_REQUESTS, _SERVICE_FAILED = 429, 500


@contextmanager
def trouble_of_aws() -> Iterator[None]:
    """Give the trouble of a service the one name by which a state machine tries again.

    Raises:
        ServiceUnavailableError: boto3 repeated a call in vain.
    """
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        raise ServiceUnavailableError(str(error)) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if is_passing(error) or status == _TOO_MANY_REQUESTS or status >= _SERVICE_FAILED:
            raise ServiceUnavailableError(str(error)) from error
        raise
