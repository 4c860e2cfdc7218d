"""Stands between a function and AWS as an HTTP proxy, and cuts the connection at commits to the Data Catalog."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

COMMIT = b"AWSGlue.UpdateTable"
_ADDRESS = re.compile(rb"^([A-Z]+ )http://[^/ ]+")
"""What a client of a proxy writes in front of the path."""


class CuttingProxy:
    """Passes bytes on, but cuts the next commits, before they reach the catalog or before its answer comes back."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._upstream = (str(address.hostname), int(address.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.commits = 0
        self._lost_requests = 0
        self._lost_answers = 0

    def cut(self, *, requests: int = 0, answers: int = 0) -> None:
        """Lose so many requests of commits, and then so many answers."""
        self.commits, self._lost_requests, self._lost_answers = 0, requests, answers

    @contextmanager
    def serving(self) -> Iterator[CuttingProxy]:
        Thread(target=self._serve, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._requests, args=(client,), daemon=True).start()

    def _requests(self, client: socket.socket) -> None:
        upstream = socket.create_connection(self._upstream)
        lost = [False]
        Thread(target=_answers, args=(upstream, client, lost), daemon=True).start()
        with suppress(OSError), client, upstream:
            while sent := client.recv(65_536):
                if COMMIT in sent:
                    self.commits += 1
                    if self._lost_requests:
                        self._lost_requests -= 1
                        break
                    if self._lost_answers:
                        self._lost_answers -= 1
                        lost[0] = True
                upstream.sendall(_ADDRESS.sub(rb"\1", sent))
            _shut(client, upstream)


def _answers(upstream: socket.socket, client: socket.socket, lost: list[bool]) -> None:
    with suppress(OSError):
        while (answer := upstream.recv(65_536)) and not lost[0]:
            client.sendall(answer)
    _shut(client, upstream)


def _shut(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
