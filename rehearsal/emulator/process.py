"""The emulator as its users see it: started, stopped, and spoken to by boto3 only."""

import shlex
import socket
import sys
import threading
import urllib.request
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError

import boto3
from botocore.config import Config

from rehearsal.emulator.account_root import keep_root_secret, new_root_secret
from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.settings import LOOPBACK, EmulatorSettings
from rehearsal.private_files import make_private_folder, write_private

_START_SECONDS = 60
_STOP_SECONDS = 30
_LOG_LINES_SHOWN = 30
_MAKING = threading.Lock()
"""Clients may be used by several threads, but boto3 makes one at a time."""
_AGENT = "rehearsal"
"""boto3 would describe machine, Python and features anew in every request."""


class EmulatorError(Exception):
    """The emulator cannot be started, or ended by itself."""


class Emulator:
    """A running emulator: `with Emulator(EmulatorSettings(run_directory=…)) as emulator`."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self.settings = settings
        self._child: ChildProcess | None = None
        self._clients: dict[tuple[str, str, str | None], Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return self.settings.endpoint

    @property
    def root_secret(self) -> str:
        """The secret of every account's root in this run."""
        return self.settings.root_secret

    @property
    def log(self) -> Path:
        """The emulator's own log."""
        return self.settings.logs / "emulator.log"

    @property
    def pid(self) -> int | None:
        """The emulator's process id while it runs."""
        return self._child.pid if self._child else None

    def has_ended(self, within: float) -> bool:
        """Whether the emulator was started and ends by itself within these seconds."""
        return self._child is not None and self._child.wait(within) is not None

    def start(self) -> None:
        """Start the emulator on the state that its run directory holds, and return when it answers."""
        self._clients.clear()  # each run has another address and another secret
        make_private_folder(self.settings.run_directory)
        make_private_folder(self.settings.temporary)
        with self._listen() as listener:
            self.settings = self.settings.of_run(port=listener.getsockname()[1], root_secret=new_root_secret())
            self._child = ChildProcess(
                [sys.executable, "-m", "rehearsal.emulator.launcher", str(listener.fileno())],
                environment=self.settings.environment(),
                log=self.log,
                sockets=[listener.fileno()],
                told=f"{self.settings.to_json()}\n",
            )
        try:
            self._wait_until_healthy()
        except BaseException:
            self.kill()
            raise
        # only now: an emulator that finds another one in its place must not overwrite how that one is reached
        write_private(self._port_file, str(self.settings.port))
        keep_root_secret(self.settings.run_directory, self.root_secret)

    def stop(self) -> None:
        """Let the emulator save its state and end, with everything it has started."""
        if self._child:
            self._child.stop(_STOP_SECONDS)
            self._child = None

    def kill(self) -> None:
        """End the emulator at once; what it had not saved is lost."""
        if self._child:
            self._child.kill()
            self._child = None

    def wait(self) -> int | None:
        """Wait until the emulator ends by itself or is interrupted, and return its exit code."""
        return self._child.wait() if self._child else None

    def client(self, service: str, *, account: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a boto3 client that acts as the root of `account`; whoever asks again in this run gets the same one.

        To make one costs the CPU time of ten requests, and those who wait ask for one at every look.
        """
        with _MAKING:
            if (client := self._clients.get((service, account, region))) is None:
                client = boto3.client(service, **self._root_of(account, region))  # type: ignore[call-overload]
                self._clients[service, account, region] = client
            return client

    def resource(self, service: str, *, account: str, region: str | None = None) -> Any:  # noqa: ANN401 - as above
        """Return a boto3 resource that acts as the root of `account`."""
        with _MAKING:
            return boto3.resource(service, **self._root_of(account, region))  # type: ignore[call-overload]

    def _root_of(self, account: str, region: str | None) -> dict[str, Any]:
        return {
            "config": Config(
                retries={"max_attempts": 0}, read_timeout=300, s3={"addressing_style": "path"}, user_agent=_AGENT
            ),
            "endpoint_url": self.endpoint,
            "region_name": region or self.settings.region,
            "aws_access_key_id": account,
            "aws_secret_access_key": self.root_secret,
        }

    def shell_environment(self, account: str) -> dict[str, str]:
        """Return the variables with which any AWS tool speaks to this emulator as the root of `account`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.settings.region,
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": self.root_secret,
        }

    def shell_exports(self, account: str) -> str:
        """Write the same variables as the commands that a person types or copies into a shell."""
        variables = self.shell_environment(account).items()
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables)

    @property
    def _port_file(self) -> Path:
        return self.settings.run_directory / "port"

    def _listen(self) -> socket.socket:
        """Open the port that was asked for, or the one before a restart: saved queue addresses name it, or any."""
        if self.settings.port == 0 and self._port_file.exists():
            with suppress(EmulatorError):
                return _listen(int(self._port_file.read_text()))
        return _listen(self.settings.port)

    def _wait_until_healthy(self) -> None:
        # The listening socket is ours until the child has it, so the request queues until the child serves.
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=_START_SECONDS) as answer:  # noqa: S310 - loopback
                if answer.status == HTTPStatus.OK:
                    return
                reason = f"answered {answer.status}"
        except (URLError, OSError) as error:
            reason = str(getattr(error, "reason", error))
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
        raise EmulatorError(f"the emulator did not start ({reason}); the end of {self.log}:\n{tail}")


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise EmulatorError(
            f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): name another one, or 0 for any"
        ) from error
    return listener
