"""A service of AWS that speaks JSON: each request names its operation, and a refusal is told under its name."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Request = dict[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Request], Answer]


class ApiError(Exception):
    """A request that the service refuses, under the name of its exception."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonApi(ABC):
    """The operations of a service, as ministack hands requests to its own services."""

    @property
    @abstractmethod
    def operations(self) -> dict[str, Operation]:
        """The operations, each named as on the wire."""

    async def serve(self, operation: Operation, request: Request) -> Answer:
        """Carry an operation out; one that calls the emulator over the wire must not do so in this thread."""
        return operation(request)

    async def handle(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Mapping[str, Any]
    ) -> Any:  # noqa: ANN401 - ministack's answers
        """Serve one request."""
        name = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        operation = self.operations.get(name)
        if operation is None:
            known = ", ".join(sorted(self.operations))
            message = f"{name} is not rehearsed; there are {known}"
            return patches.JSON_ERROR.value("UnsupportedOperationException", message, 400)
        try:
            return patches.JSON_RESPONSE.value(await self.serve(operation, json.loads(body or b"{}")))
        except ApiError as error:
            return patches.JSON_ERROR.value(error.code, str(error), 400)
