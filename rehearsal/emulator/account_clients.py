"""Clients with which an extension calls its own emulator: over the wire, as the root of the calling account."""

import os
from functools import cache
from typing import Any

import boto3

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.root_secret import root_secret
from rehearsal.emulator.settings import LOOPBACK


def account_client(service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client for the account and Region of the request that is being served; only for worker threads."""
    return root_client(service, patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value())


@cache
def root_client(service: str, account: str, region: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client for the root of a named account, with its exceptions.

    Boto3 makes their classes when they are first asked for. Two threads that ask at once get classes of their own, and
    then an error is of a class that one of them does not expect.
    """
    client: Any = boto3.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://{LOOPBACK}:{os.environ['GATEWAY_PORT']}",
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key=root_secret(),
    )
    _ = client.exceptions  # made before any thread shares the client
    return client
