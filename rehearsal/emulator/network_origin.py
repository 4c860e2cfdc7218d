"""The VPC that a request comes from, and the code that sends it: what conditions on networks and functions compare.

All requests come over the loopback interface. So code that runs in a VPC carries a mark in the User-Agent of its AWS
clients, which nobody can guess; a request without it comes from outside, whoever signed it.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.root_secret import derived_secret

VARIABLE = "AWS_SDK_UA_APP_ID"
"""AWS's SDKs write its value into the User-Agent as `app/…`."""
_PURPOSE = "in the network"
_MARK = re.compile(r"\b(vpc-[0-9a-f]+)\.([0-9a-f]{16})\b")
_vpc: ContextVar[str] = ContextVar("vpc", default="")
_code: dict[str, dict[str, str]] = {}
"""By a session's ARN: what Lambda and Glue write into the sessions that they hand to code."""

Resolve = Callable[[str, Any], Any]


def install() -> None:
    """Answer the keys of networks and of code."""
    patches.CONDITION_KEY.replace(_resolving)


def mark(vpc: str) -> str:
    """Give the mark of code in a VPC."""
    return f"{vpc}.{derived_secret(_PURPOSE, vpc)[:16]}"


def received(headers: Mapping[str, str]) -> None:
    """Remember, for the request that is served now, where it comes from."""
    agents = f"{headers.get('user-agent', '')} {headers.get('x-amz-user-agent', '')}"
    found = [vpc for vpc, secret in _MARK.findall(agents) if mark(vpc) == f"{vpc}.{secret}"]
    _vpc.set(found[0] if found else "")


def is_code(session_arn: str, **keys: str) -> None:
    """Remember what a service says of a session that it hands to code."""
    _code[session_arn] = keys


def _resolving(resolve: Resolve) -> Resolve:
    def resolve_condition_key(key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
        name = key.lower()
        if name in ("aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount"):
            endpoint = _endpoint(context)
            return endpoint.get({"aws:sourcevpc": "VpcId", "aws:sourcevpce": "VpcEndpointId"}.get(name, "OwnerId"))
        if name in ("lambda:sourcefunctionarn", "glue:credentialissuingservice"):
            return _code.get(context.principal_arn, {}).get(name.split(":")[1])
        return resolve(key, context)

    return resolve_condition_key


def _endpoint(context: Any) -> Mapping[str, str]:  # noqa: ANN401 - ministack has no types
    """The endpoint through which a request reaches its service; AWS names the network only then."""
    vpc, service = _vpc.get(), context.action.split(":")[0]
    if not vpc:
        return {}
    for endpoint in patches.VPC_ENDPOINTS.value.values():
        if endpoint["VpcId"] == vpc and str(endpoint["ServiceName"]).endswith(f".{service}"):
            return {**endpoint, "OwnerId": str(patches.REQUEST_ACCOUNT.value())}
    return {}
