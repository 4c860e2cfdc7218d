"""Requests over a Region's border, which do not arrive when it is cut off; and a request that is held, with its sender.

A function or a Glue run calls from the Region of its session. Whoever else calls is in none.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.gate import Application, Receive, Send
from rehearsal.emulator.regions.network import RegionNetwork
from rehearsal.emulator.regions.object_replication import region_of_bucket
from rehearsal.emulator.roles import REGION

_GLOBAL = ("iam", "sts", "organizations", "route53", "rehearsal")
_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/")
_UNKNOWN_LENGTH = b"1000000"


@dataclass
class Hold:
    """A request that is to be held: its sender's Region, its method and what its path or operation contains."""

    region: str
    method: str
    about: str
    senders: list[int] = field(default_factory=list)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_holding(self) -> bool:
        """Whether such a request has come."""
        return bool(self.senders) and not self.may_go.is_set()


class Border:
    """An ASGI application in front of another one."""

    def __init__(self, application: Application, network: RegionNetwork) -> None:
        self._application = application
        self._network = network
        self.hold: Hold | None = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, keep it, or let its sender believe that nobody is there."""
        if scope["type"] == "http" and (self.hold or self._network.cut_off):
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            query = parse_qs(scope.get("query_string", b"").decode(errors="replace"), keep_blank_values=True)
            sender = _region_of_sender(headers, query)
            await self._perhaps_hold(scope, headers, sender)
            asked = _region_asked(scope, headers, query)
            if asked and self._network.is_unreachable(asked, from_region=sender):
                await _break_off(send)
                return
        await self._application(scope, receive, send)

    async def _perhaps_hold(self, scope: Mapping[str, Any], headers: Mapping[str, str], sender: str | None) -> None:
        hold = self.hold
        if hold is None or hold.may_go.is_set() or sender != hold.region or scope["method"] != hold.method:
            return
        if not re.search(hold.about, f"{scope['path']} {headers.get('x-amz-target', '')}"):
            return
        pid = process_of(scope.get("client"))
        hold.senders.append(pid)
        if pid:
            os.kill(pid, signal.SIGSTOP)
        await hold.may_go.wait()

    def release(self) -> None:
        """Let the held requests through and their senders go on."""
        if self.hold is None:
            return
        self.hold.may_go.set()
        for pid in filter(None, self.hold.senders):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.hold = None


def _region_of_sender(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    session = patches.SESSIONS.value.get(patches.CALLER_KEY.value(headers, query) or "") or {}
    found: str | None = session.get(REGION)
    return found


def _region_asked(scope: Mapping[str, Any], headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    service = patches.DETECT_SERVICE.value(scope["method"], scope["path"], headers, query)
    if service in _GLOBAL:
        return None
    if service == "s3":
        bucket = scope["path"].strip("/").split("/")[0]
        return region_of_bucket(bucket) if bucket else None
    credential = headers.get("authorization") or f"Credential={query.get('X-Amz-Credential', [''])[0]}"
    found = _SCOPE.search(credential)
    return found.group(1) if found else None


async def _break_off(send: Send) -> None:
    """Begin an answer and close the connection, which clients report as a connection that was closed."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", _UNKNOWN_LENGTH)]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"-", "more_body": True})


def process_of(client: tuple[str, int] | None) -> int:
    """Return the process of this machine that has the other end of a connection; 0 where that cannot be known."""
    tables = Path("/proc/net/tcp")
    if client is None or not tables.exists():
        return 0
    port = f"{client[1]:04X}"
    lines = [line.split() for line in tables.read_text().splitlines()[1:]]
    sockets = {f"socket:[{fields[9]}]" for fields in lines if fields[1].endswith(f":{port}")}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid() and _has_one_of(process, sockets):
            return int(process.name)
    return 0


def _has_one_of(process: Path, sockets: set[str]) -> bool:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) in sockets:
                    return True
    return False
