"""Whether a request is signed by who it names: ministack asks users and roles, but believes every account's root."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote

from rehearsal.emulator import ministack_patches as patches

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
            return next((values[0] for name, values in self.query.items() if name == "X-Amz-Security-Token"), "")
        return self.headers.get("x-amz-security-token", "")


@dataclass(frozen=True)
class SignatureFailure:
    """Why a request is not believed, as AWS names it."""

    code: str
    message: str


def signature_failure(request: Request) -> SignatureFailure | None:
    """Tell why a request is not believed; None if its signer knows the secret of the key that it names."""
    if unclear := _unclear(request):
        return unclear
    parsed = _parsed(request)
    if isinstance(parsed, tuple):
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


def _parsed(request: Request) -> Any:  # noqa: ANN401 - ministack has no types for others
    """The parts of the signature, or the code and message of what is missing."""
    if request.is_presigned:
        return patches.PARSE_QUERY_SIGNATURE.value(request.query)
    return patches.PARSE_HEADER_SIGNATURE.value(request.headers)


def _late(request: Request, parsed: Any) -> SignatureFailure | None:  # noqa: ANN401
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


def _mismatch(request: Request, parsed: Any, secret: str) -> SignatureFailure | None:  # noqa: ANN401
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


def _compared(request: Request, parsed: Any, secret: str) -> tuple[str, str] | None:  # noqa: ANN401
    found: tuple[str, str] | None = patches.SIGNATURE_FAILURE.value(
        parsed, secret, request.method, request.raw_path, request.query, request.headers, request.body,
        presigned=request.is_presigned,
    )  # fmt: skip
    return found
