"""The door of the emulator: it answers signed requests of programs, and nothing that a browser can be made to send.

A page of any site may send requests to a port of this machine, directly or under a name that it has made to point here.
It cannot leave out the headers by which a browser says so, and it knows no secret. Ministack asks users and roles for
signatures, but believes every account's root.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote

from rehearsal.emulator import iam
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import LOOPBACK

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEX_DIGEST = re.compile("[0-9a-f]{64}")
_OF_QUERY_SIGNATURES = ("x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid")


@dataclass(frozen=True)
class Request:
    """A request as it arrived, with its whole body."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    authorizations: int = 1
    """How many headers of that name there are."""

    @classmethod
    def of(cls, scope: Mapping[str, Any], body: bytes) -> Self:
        """Read a request from an ASGI server; a repeated header counts as AWS signs it, joined by commas."""
        headers: dict[str, str] = {}
        names = [name.decode("latin-1").lower() for name, _ in scope["headers"]]
        for name, (_, raw) in zip(names, scope["headers"], strict=True):
            value = patches.DECODE_HEADER.value(raw)
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        query = parse_qs(scope.get("query_string", b"").decode(errors="replace"), keep_blank_values=True)
        path, count = scope["path"], names.count("authorization")
        return cls(scope["method"], path, raw_path.decode("latin-1"), query, headers, body, count)

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query string."""
        return "authorization" not in self.headers

    @property
    def session_token(self) -> str:
        """The token of temporary credentials; empty for those that last."""
        if self.is_presigned:
            return self.query.get("X-Amz-Security-Token", [""])[0]
        return self.headers.get("x-amz-security-token", "")


@dataclass(frozen=True)
class SignatureFailure:
    """Why a request is not believed, as AWS names it."""

    code: str
    message: str


def signature_failure(request: Request) -> SignatureFailure | None:
    """Return why a request is not believed; None if its signer knows the secret of the key that it names."""
    if unclear := _unclear(request):
        return unclear
    if request.is_presigned:
        parsed = patches.PARSE_QUERY_SIGNATURE.value(request.query)
    else:
        parsed = patches.PARSE_HEADER_SIGNATURE.value(request.headers)
    if isinstance(parsed, tuple):  # the code and message of what is missing
        return SignatureFailure(*parsed)
    if late := _late(request, parsed):
        return late
    if "host" not in parsed.signed_headers.split(";"):
        return SignatureFailure("SignatureDoesNotMatch", "The header host must be signed.")
    key = parsed.access_key_id
    account = patches.ACCOUNT_OF_SESSION.value(key) or patches.ACCOUNT_OF_KEY.value(key)
    credential = patches.RESOLVE_CREDENTIAL.value(key, account, request.session_token)
    if isinstance(credential, patches.UNRESOLVED_CREDENTIAL.value):
        is_unknown = credential.code == "InvalidToken" and not request.session_token
        code = "UnrecognizedClientException" if is_unknown else credential.code
        return SignatureFailure(code, credential.message)
    return _mismatch(request, parsed, credential.secret_access_key)


def _unclear(request: Request) -> SignatureFailure | None:
    """Refuse what names no signer, or two of them: ministack might believe the other one."""
    in_query = [name for name in request.query if name.lower() in _OF_QUERY_SIGNATURES]
    if request.is_presigned and not in_query:
        return SignatureFailure("MissingAuthenticationToken", "Missing Authentication Token")
    if (in_query and not request.is_presigned) or request.authorizations > 1:
        return SignatureFailure("IncompleteSignature", "The request is signed in more than one place.")
    if request.is_presigned:
        repeated = any(len(request.query[name]) > 1 for name in in_query)
        algorithm = request.query.get("X-Amz-Algorithm", [""])[0]
        exact = {name.lower() for name in in_query} == {"x-amz-algorithm", "x-amz-credential", "x-amz-signature"}
        is_clear = exact and not repeated and len(in_query) == len(_OF_QUERY_SIGNATURES) - 1
    else:
        algorithm, is_clear = request.headers["authorization"].split(" ", 1)[0], True
    if algorithm != _ALGORITHM or not is_clear:
        return SignatureFailure("IncompleteSignature", f"Only signatures by {_ALGORITHM} are served here.")
    return None


def _late(request: Request, parsed: Any) -> SignatureFailure | None:  # noqa: ANN401 - ministack has no types
    """A presigned address says how long it is good; other requests are good for minutes."""
    expires = request.query.get("X-Amz-Expires") if request.is_presigned else None
    try:
        if expires:
            is_late = patches.PRESIGNED_HAS_EXPIRED.value(parsed.amz_date, expires[0])
            return SignatureFailure("AccessDenied", "Request has expired") if is_late else None
    except ValueError:
        return SignatureFailure("AccessDenied", "X-Amz-Date and X-Amz-Expires cannot be read")
    skewed = patches.REQUEST_TIME_FAILURE.value(parsed)
    return SignatureFailure(*skewed) if skewed else None


def _mismatch(request: Request, parsed: Any, secret: str) -> SignatureFailure | None:  # noqa: ANN401 - ministack has no types
    """Compare with the signature that the secret makes, and the body with the digest that was signed in its place."""
    failure = _compared(request, parsed, secret)
    if failure and parsed.service == "s3":  # a client may send a character as it is and sign its code
        encoded = quote(unquote(request.raw_path), safe="/-_.~")
        failure = _compared(replace(request, raw_path=encoded), parsed, secret)
    if failure:
        return SignatureFailure(*failure)
    digest = request.headers.get("x-amz-content-sha256", "")
    is_compared = _HEX_DIGEST.fullmatch(digest) and not request.is_presigned
    if is_compared and hashlib.sha256(request.body).hexdigest() != digest:
        return SignatureFailure("XAmzContentSHA256Mismatch", "The body is not the one whose digest was signed.")
    return None


def _compared(request: Request, parsed: Any, secret: str) -> tuple[str, str] | None:  # noqa: ANN401 - ministack has no types
    found: tuple[str, str] | None = patches.SIGNATURE_FAILURE.value(
        parsed, secret, request.method, request.raw_path, request.query, request.headers, request.body,
        presigned=request.is_presigned,
    )  # fmt: skip
    return found


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
            iam.remember_origin(request.headers)
            del request  # a body may be large, and the application joins it again
            await self._application(scope, _replayed(messages, receive), send)

    def _why_not_from_a_program(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        given = list(headers)
        if [value.lower() for name, value in given if name.lower() == b"host"] not in [[host] for host in self._hosts]:
            return "the request is for another host"
        if any(name.lower() == b"origin" or _is_sent_by_page(name, value) for name, value in given):
            return "the request comes from a web page"
        if method == "OPTIONS":
            return "web pages are not served"
        return None


def _is_sent_by_page(name: bytes, value: bytes) -> bool:
    return name.lower() == b"sec-fetch-site" and value.strip().lower() != b"none"


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
