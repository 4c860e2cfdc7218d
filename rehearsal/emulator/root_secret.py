"""The secret of every account's root: a new one for each run, known to the processes of whoever started the run."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from rehearsal.private_files import write_private

_FILE = "root-secret"
_VARIABLE = "AWS_SECRET_ACCESS_KEY"
"""Where ministack looks for the root's secret, at each request."""


def new_root_secret() -> str:
    """Draw the secret of one run."""
    return secrets.token_urlsafe(32)


def keep_root_secret(run_directory: Path, secret: str) -> None:
    """Keep the secret for this person's other commands, in a file that nobody else can read."""
    write_private(run_directory / _FILE, secret)


def kept_root_secret(run_directory: Path) -> str:
    """Read the secret of the run that uses a run directory."""
    return (run_directory / _FILE).read_text(encoding="utf-8")


def use_root_secret(secret: str) -> None:
    """Set the secret in the emulator's own process."""
    os.environ[_VARIABLE] = secret


def root_secret() -> str:
    """The secret of the emulator whose process this is."""
    return os.environ[_VARIABLE]


def derived_secret(*purpose: str) -> str:
    """Derive 64 hex digits that nobody can guess who does not know the root's secret."""
    return hmac.new(root_secret().encode(), "\0".join(purpose).encode(), hashlib.sha256).hexdigest()
