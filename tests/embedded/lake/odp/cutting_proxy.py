"""Stands between a function and the Data Catalog, and cuts the connection at commits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

COMMIT = b"AWSGlue.UpdateTable"


class CuttingProxy:
    """Passes bytes on, but cuts the next commits, before they reach the catalog or before its answer comes back."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._upstream = (str(address.hostname), int(address.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen = 0
        self._lost_requests = 0
        self._lost_answers = 0

    def cut(self, *, requests: int = 0, answers: int = 0) -> None:
        """Lose so many requests of commits, and then so many answers."""
        self.seen, self._lost_requests, self._lost_answers = 0, requests, answers

    @contextmanager
    def serving(self) -> Iterator[CuttingProxy]:
        Thread(target=self._serve, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._connection, args=(client,), daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._upstream) as upstream:
            while (request := _message(client)) and self._exchange(client, upstream, request):
                pass

    def _exchange(self, client: socket.socket, upstream: socket.socket, request: bytes) -> bool:
        """Pass one request and its answer; False where the connection is cut."""
        is_commit = COMMIT in request
        self.seen += is_commit
        if is_commit and self._lost_requests:
            self._lost_requests -= 1
            return False
        upstream.sendall(request)
        answer = _message(upstream)
        if is_commit and self._lost_answers:
            self._lost_answers -= 1
            return False
        client.sendall(answer)
        return bool(answer)


def _message(source: socket.socket) -> bytes:
    """Read one HTTP message, whose length its headers tell; nothing at the end of the connection."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = source.recv(65_536)
        if not more:
            return b""
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        body += source.recv(65_536)
    return head + b"\r\n\r\n" + body
