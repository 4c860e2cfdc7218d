"""Writes down each request of each role, for whoever starts the emulator with a file for it.

The record of calls has each right once (`iam.py`). Here every request has a line, so requests can be counted.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.gate import Application, Message, Receive, Send

_LIST, _DELETE = "LIST", "DELETE"
_LEDGER = "dynamodb"


class RequestRecord:
    """An ASGI application in front of another one: a line of JSON for each request that a role's session signed."""

    def __init__(self, application: Application, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._application = application
        self._file = file.open("a", encoding="utf-8", buffering=1)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve a request, then write down who sent it, to which service, and how it was answered."""
        found = _described(scope) if scope["type"] == "http" else None
        if found is None:
            await self._application(scope, receive, send)
            return
        status, body = 0, b""

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        async def hear() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"") if found["service"] == _LEDGER else b""
            return message

        arrived, start = time.time(), time.perf_counter()
        await self._application(scope, hear, answer)
        items = {"items": _items(body)} if found["service"] == _LEDGER else {}
        line = {"at": arrived, "seconds": time.perf_counter() - start, **found, "status": status, **items}
        self._file.write(json.dumps(line) + "\n")


def _described(scope: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The session, service and operation of a request; None if no role's session signed it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope.get("query_string", b"").decode(errors="replace"), keep_blank_values=True)
    session = patches.SESSIONS.value.get(patches.CALLER_KEY.value(headers, query) or "")
    if not session:
        return None
    service = patches.DETECT_SERVICE.value(scope["method"], scope["path"], headers, query)
    target = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    operation = s3_kind(scope["method"], scope["path"], query) if service == "s3" else target or scope["method"]
    return {"session": session["Arn"].rsplit("/", 1)[-1], "service": service, "operation": operation}


def s3_kind(method: str, path: str, query: Mapping[str, list[str]]) -> str:
    """Name a request as S3's price list does: one of a bucket is a LIST, several keys in one POST are a DELETE."""
    if method == "POST" and "delete" in query:
        return _DELETE
    return _LIST if method == "GET" and len(path.strip("/").split("/")) < 2 else method  # noqa: PLR2004 - bucket and key


def _items(body: bytes) -> int:
    """How many items a request names: those of a transaction or a batch, or one."""
    request = json.loads(body or b"{}")
    of_batch = [len(named.get("Keys", ())) for named in request.get("RequestItems", {}).values() if "Keys" in named]
    return len(request.get("TransactItems", ())) or sum(of_batch) or 1
