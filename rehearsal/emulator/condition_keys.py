"""The condition keys of policies that ministack does not answer, or answers otherwise than AWS.

All requests come over the loopback interface. So code that runs in a VPC carries a mark in the User-Agent of its AWS
clients, which nobody can guess; a request without it comes from outside, whoever signed it.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import derived_secret
from rehearsal.emulator.roles import account_and_name, role_of

MARK_VARIABLE = "AWS_SDK_UA_APP_ID"
"""AWS's SDKs write its value into the User-Agent as `app/…`."""
_PURPOSE = "in the network"
_MARK = re.compile(r"\b(vpc-[0-9a-f]+)\.([0-9a-f]{16})\b")
_vpc: ContextVar[str] = ContextVar("vpc", default="")
_code: dict[str, dict[str, str]] = {}
"""By a session's ARN: what Lambda and Glue write into the sessions that they hand to code."""
_RESOURCE_TAG = "iam:resourcetag/"
_BUCKET = "arn:aws:s3:::"
_KEYS_OF_WRITES = (
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)
"""Headers of a write after which condition keys are named; of encryption, ministack knows the kind alone."""

Resolve = Callable[[str, Any], Any]


def install() -> None:
    """Answer the keys of networks, code and writes, and those of the roles of `cdk bootstrap` and of pipelines."""
    patches.CONDITION_KEY.wrap(_of_the_resource)
    patches.CONDITION_KEY.wrap(_of_the_request)
    patches.S3_CONTEXT.wrap(_of_the_write)


def network_mark(vpc: str) -> str:
    """Give the mark of code in a VPC."""
    return f"{vpc}.{derived_secret(_PURPOSE, vpc)[:16]}"


def remember_origin(headers: Mapping[str, str]) -> None:
    """Remember, for the request that is served now, where it comes from."""
    agents = f"{headers.get('user-agent', '')} {headers.get('x-amz-user-agent', '')}"
    found = [vpc for vpc, secret in _MARK.findall(agents) if network_mark(vpc) == f"{vpc}.{secret}"]
    _vpc.set(found[0] if found else "")


def is_code(session_arn: str, **keys: str) -> None:
    """Remember what a service says of a session that it hands to code."""
    _code[session_arn] = keys


def _of_the_request(resolve: Resolve, key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
    name = key.lower()
    if name == "aws:securetransport":
        return "true"  # plain http never leaves the loopback interface, and buckets that demand TLS must stay usable
    if name in ("aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount"):
        endpoint = _endpoint(context)
        return endpoint.get({"aws:sourcevpc": "VpcId", "aws:sourcevpce": "VpcEndpointId"}.get(name, "OwnerId"))
    if name in ("lambda:sourcefunctionarn", "glue:credentialissuingservice"):
        return _code.get(context.principal_arn, {}).get(name.split(":")[1])
    return resolve(key, context)


def _endpoint(context: Any) -> Mapping[str, str]:  # noqa: ANN401 - ministack has no types
    """The endpoint through which a request reaches its service; AWS tells of the network only then."""
    vpc, service = _vpc.get(), context.action.split(":")[0]
    if not vpc:
        return {}
    for endpoint in patches.VPC_ENDPOINTS.value.values():
        if endpoint["VpcId"] == vpc and str(endpoint["ServiceName"]).endswith(f".{service}"):
            return {**endpoint, "OwnerId": str(patches.REQUEST_ACCOUNT.value())}
    return {}


def _of_the_resource(resolve: Resolve, key: str, context: Any) -> Any:  # noqa: ANN401 - ministack has no types
    name, resource = key.lower(), context.resource_arn
    if name == "aws:principalarn":
        return _role_arn(resolve(key, context))
    if name.startswith(_RESOURCE_TAG) and ":role/" in resource:
        tags = {each["Key"].lower(): each["Value"] for each in (role_of(resource) or {}).get("Tags", [])}
        return tags.get(name.removeprefix(_RESOURCE_TAG))
    if name in ("aws:resourceaccount", "s3:resourceaccount") and resource.startswith(_BUCKET):
        owner = patches.BUCKET_OWNER.value(resource.removeprefix(_BUCKET).split("/")[0])
        return owner or resolve(key, context)
    return resolve(key, context)


def _role_arn(principal_arn: str) -> str:
    """Of a role's session IAM compares the role, whose path is no part of the session's ARN."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account, name = account_and_name(principal_arn)
    return str((role_of(principal_arn) or {}).get("Arn") or f"arn:aws:iam::{account}:role/{name}")


def _of_the_write(
    context: Callable[..., dict[str, Any]],
    action: str,
    query: Mapping[str, Any] | None,
    path: str = "",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    found = context(action, query, path, headers)
    # a part and the completion of an upload carry no such header: the request that began it was judged
    if action == "s3:PutObject" and "uploadId" not in (query or {}):
        found |= {f"s3:{name}": value for name in _KEYS_OF_WRITES if (value := (headers or {}).get(name))}
    return found
