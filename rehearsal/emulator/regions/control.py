"""The rehearsal's hands on the ways between Regions of a running emulator."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.regions.api import SERVICE, TARGET
from rehearsal.emulator.regions.network import ITEM, OBJECT

Answer = dict[str, Any]
Limits = tuple[float, float]
_SECONDS = 60


class RegionControl:
    """Delays, cuts and holds, for all accounts of an emulator."""

    def __init__(self, emulator: Emulator, account: str) -> None:
        self._emulator = emulator
        self._account = account

    def delay(self, seed: int, *, objects: Limits = (0, 0), items: Limits = (0, 0)) -> None:
        """Let replication of objects and items take from so many seconds to so many, drawn from a seed."""
        self._ask("Configure", Seed=seed, Delays={OBJECT: objects, ITEM: items})

    def cut(self, region: str, *, unreachable: bool = False) -> None:
        """Let nothing be replicated into or out of a Region; `unreachable`: no call passes its border, either."""
        self._ask("Cut", Region=region, Unreachable=unreachable)

    def heal(self, region: str) -> None:
        """Join it again; what waited sets out now."""
        self._ask("Heal", Region=region)

    def drop(self, region: str, *, kind: str = "", newest: int = 0) -> list[Answer]:
        """Lose what is under way from or to a Region for good, or the newest of it, and return what it was."""
        lost: list[Answer] = self._ask("Drop", Region=region, Kind=kind, Newest=newest)["Lost"]
        return lost

    def hold(self, region: str, *, method: str, about: str) -> None:
        """Stop a process of a Region in the middle of a request whose path or operation matches `about`."""
        self._ask("Hold", Region=region, Method=method, About=about)

    def release(self) -> None:
        """Let whoever was stopped go on."""
        self._ask("Release")

    @property
    def is_holding(self) -> bool:
        """Whether such a request has come and is held."""
        return bool(self._ask("Describe")["IsHolding"])

    @property
    def under_way(self) -> list[Answer]:
        """What was replicated and has not arrived, the oldest first."""
        found: list[Answer] = self._ask("Describe")["UnderWay"]
        return found

    def _ask(self, operation: str, **fields: object) -> Answer:
        url = f"{self._emulator.endpoint}/"
        request = AWSRequest(
            "POST",
            url,
            {"X-Amz-Target": f"{TARGET}.{operation}", "Content-Type": "application/x-amz-json-1.1"},
            json.dumps(fields).encode(),
        )
        credentials = Credentials(self._account, self._emulator.root_secret)
        SigV4Auth(credentials, SERVICE, self._emulator.settings.region).add_auth(request)
        headers: Mapping[str, str] = dict(request.headers.items())
        sent = urllib.request.Request(url, request.data, dict(headers))  # noqa: S310 - loopback
        with urllib.request.urlopen(sent, timeout=_SECONDS) as answer:  # noqa: S310 - loopback
            found: Answer = json.load(answer)
        return found
