"""The root of every account: its secret, new for each run, and the clients with which an extension calls as it."""

import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import LOOPBACK
from rehearsal.private_files import write_private

# The secret of every account's root: a new one for each run, known to the processes of whoever started the run.

_FILE = "root-secret"
_VARIABLE = "AWS_SECRET_ACCESS_KEY"
"""Where ministack looks for the root's secret, at each request."""


def new_root_secret() -> str:
    """Draw the secret of one run."""
    return secrets.token_urlsafe(32)


def keep_root_secret(run_directory: Path, secret: str) -> None:
    """Keep the secret for this person's other commands, in a file that nobody else can read."""
    write_private(run_directory / _FILE, secret)


def use_root_secret(secret: str) -> None:
    """Set the secret in the emulator's own process."""
    os.environ[_VARIABLE] = secret


def root_secret() -> str:
    """The secret of the emulator whose process this is."""
    return os.environ[_VARIABLE]


def derived_secret(*purpose: str) -> str:
    """Derive 64 hex digits that nobody can guess who does not know the root's secret."""
    return hmac.new(root_secret().encode(), "\0".join(purpose).encode(), hashlib.sha256).hexdigest()


# Clients with which an extension calls its own emulator: over the wire, as the root of the calling account.


def account_client(service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client for the account and Region of the request that is being served; only for worker threads."""
    return root_client(service, patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value())


def client_of_run(run_directory: Path, service: str, account: str, region: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client for the root of an account in the emulator that uses a run directory, for other processes."""
    port, secret = ((run_directory / name).read_text(encoding="utf-8") for name in ("port", _FILE))
    return _client(service, port, account, region, secret)


@cache
def root_client(service: str, account: str, region: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client for the root of a named account, with its exceptions.

    Boto3 makes their classes when they are first asked for. Two threads that ask at once get classes of their own, and
    then an error is of a class that one of them does not expect.
    """
    client = _client(service, os.environ["GATEWAY_PORT"], account, region, root_secret())
    _ = client.exceptions  # made before any thread shares the client
    return client


def _client(service: str, port: str, account: str, region: str, secret: str) -> Any:  # noqa: ANN401 - as above
    return boto3.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://{LOOPBACK}:{port}",
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key=secret,
    )
