"""The door of the emulator: it answers signed requests of programs, and nothing that a browser can be made to send.

A page of any site may send requests to a port of this machine, directly or under a name that it has made to point here.
It cannot leave out the headers by which a browser says so, and it knows no secret.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from rehearsal.emulator import condition_keys
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import LOOPBACK
from rehearsal.emulator.signatures import Request, SignatureFailure, signature_failure

HEALTH = "/_ministack/health"
_CUSTOM_RESOURCE_ANSWER = "/_ministack/cfn-response/"
_ADMINISTRATION = "/_"
"""No bucket and no API of AWS begins like this."""
_READING = ("GET", "HEAD")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]
Answer = tuple[int, Mapping[str, str], bytes]


class Gate:
    """An ASGI application in front of another one, which listens on a loopback port."""

    def __init__(self, application: Application, *, port: int) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}".encode() for name in (LOOPBACK, "localhost")}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:  # a WebSocket is not bound to its page's origin, and no service here needs one
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if reason := self._why_not_from_a_program(scope["method"], scope["headers"]):
            await _answer(send, _forbidden(reason))
        elif _is_served_unsigned(scope["method"], scope["path"]):
            await self._application(scope, receive, send)
        elif scope["path"].startswith(_ADMINISTRATION):
            await _answer(send, _forbidden("the emulator is not administered over the wire"))
        else:
            await self._serve_signed(scope, receive, send)

    async def _serve_signed(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        messages = await _whole_request(receive)
        if messages[-1]["type"] != "http.request":
            return  # the client is gone
        request = Request.of(scope, b"".join(message.get("body", b"") for message in messages))
        if failure := signature_failure(request):
            await _answer(send, _refusal(request, failure))
        else:
            condition_keys.remember_origin(request.headers)
            del request  # a body may be large, and the application joins it again
            await self._application(scope, _replayed(messages, receive), send)

    def _why_not_from_a_program(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        given = list(headers)
        if [value.lower() for name, value in given if name.lower() == b"host"] not in [[host] for host in self._hosts]:
            return "the request is for another host"
        if any(name.lower() == b"origin" for name, _ in given):
            return "the request comes from a web page"
        if any(name.lower() == b"sec-fetch-site" and value.strip().lower() != b"none" for name, value in given):
            return "the request comes from a web page"
        if method == "OPTIONS":
            return "web pages are not served"
        return None


def _is_served_unsigned(method: str, path: str) -> bool:
    """The question whether the emulator is ready, and what a custom resource answers to an address that it was told.

    AWS signs that address; here it ends with a random token that only the custom resource knows.
    """
    if path == HEALTH:
        return method in _READING
    token = path.removeprefix(_CUSTOM_RESOURCE_ANSWER)
    return method == "PUT" and token != path and token in patches.AWAITED_CUSTOM_RESOURCES.value


async def _whole_request(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    async def receive_again() -> Message:
        return messages.pop(0) if messages else await receive()

    return receive_again


def _forbidden(reason: str) -> Answer:
    return HTTPStatus.FORBIDDEN, {"Content-Type": "text/plain"}, reason.encode()


def _refusal(request: Request, failure: SignatureFailure) -> Answer:
    """Refuse in the protocol of the service that was asked, so that its clients can read why."""
    service = patches.DETECT_SERVICE.value(request.method, request.path, request.headers, request.query)
    answer: Answer = patches.CREDENTIAL_FAILURE.value(
        service, "", "refused-before-it-was-read", failure, request.headers
    )
    return answer


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    content = body if isinstance(body, bytes) else str(body).encode()
    shown = {**headers, "Content-Length": str(len(content))}
    pairs = [(name.lower().encode(), value.encode()) for name, value in shown.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": pairs})
    await send({"type": "http.response.body", "body": content})
