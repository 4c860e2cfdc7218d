"""How IAM judges calls that ministack judges otherwise: by conditions, by the resource, and by who calls.

All requests come over the loopback interface. So code that runs in a VPC carries a mark in the User-Agent of its AWS
clients, which nobody can guess; a request without it comes from outside, whoever signed it.

A test compares the rights that roles have with the calls that are written down here.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import derived_secret
from rehearsal.emulator.roles import account_and_name, is_role, role_of

PRIMARY = "primary"
"""The workgroup of whoever names none."""
_IN_A_WORKGROUP = ("CreateNamedQuery", "ListNamedQueries", "ListQueryExecutions", "StartQueryExecution")
_CATALOG_FIELDS = {
    "GetDataCatalog": "Name",
    "GetDatabase": "CatalogName",
    "GetTableMetadata": "CatalogName",
    "ListDatabases": "CatalogName",
    "ListTableMetadata": "CatalogName",
}
_DATABASE_CALLS = ("CreateDatabase", "DeleteDatabase", "GetDatabase", "UpdateDatabase")
_OF_A_STREAM = ("CreateLogStream", "PutLogEvents", "DeleteLogStream", "GetLogEvents")
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
    """Answer condition keys, name resources as AWS's service reference does, and judge sessions by their own ARN."""
    patches.CONDITION_KEY.wrap(_of_the_resource)
    patches.CONDITION_KEY.wrap(_of_the_request)
    patches.S3_CONTEXT.wrap(_of_the_write)
    patches.FOREIGN_BUCKET_ALLOWS.wrap(_foreign_bucket_allows)
    patches.REQUEST_RESOURCE.wrap(_resource)


def network_mark(vpc: str) -> str:
    """Return the mark of code in a VPC."""
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
    """The endpoint through which a request reaches its service; AWS names the network only then."""
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


def record_calls(folder: str) -> None:
    """Write down from now on which actions roles call and IAM allows, unless no folder is named."""
    if folder:
        patches.EVALUATE_IDENTITY.wrap(_Record(Path(folder)).evaluate)


def athena_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Return the workgroup or data catalog of a call; None where there is none, or more than one."""
    if field := _CATALOG_FIELDS.get(operation):
        return f"datacatalog/{request.get(field)}"
    if operation in _IN_A_WORKGROUP:
        return f"workgroup/{request.get('WorkGroup', PRIMARY)}"
    workgroups = {
        *_workgroups(request, "QueryExecutionId", patches.ATHENA_EXECUTIONS.value),
        *_workgroups(request, "NamedQueryId", patches.ATHENA_NAMED_QUERIES.value),
    }
    return f"workgroup/{workgroups.pop()}" if len(workgroups) == 1 else None


def _workgroups(request: dict[str, Any], field: str, known: Mapping[str, Any]) -> set[str]:
    ids = [request[field]] if field in request else request.get(f"{field}s", [])
    return {str(found["WorkGroup"]) for id_ in ids if (found := known.get(id_))}


def catalog_resource(operation: str, request: dict[str, Any]) -> str | None:
    """Return the database or table of a Data Catalog call; ministack takes a database for a table."""
    if operation in _DATABASE_CALLS:
        return f"database/{request.get('Name') or request.get('DatabaseInput', {}).get('Name')}"
    database = request.get("DatabaseName")
    is_about_table = operation.endswith(("Table", "TableOptimizer", "Partition", "Partitions"))
    table = request.get("TableName") or request.get("Name") or request.get("TableInput", {}).get("Name")
    return f"table/{database}/{table}" if database and table and is_about_table else None


def log_stream(operation: str, request: dict[str, Any]) -> str | None:
    """Return the log stream of a call that is about one; ministack judges by its group."""
    if operation not in _OF_A_STREAM:
        return None
    return f"log-group:{request.get('logGroupName')}:log-stream:{request.get('logStreamName')}"


def replication_resource(_operation: str, request: dict[str, Any]) -> str | None:
    """Return the replication of a call of DMS that is about one; descriptions of all name none."""
    arn = request.get("ReplicationConfigArn") or request.get("ReplicationTaskArn")
    return str(arn).split(":", maxsplit=5)[-1] if arn else None


_NAMED: Mapping[str, Callable[[str, dict[str, Any]], str | None]] = {
    "athena": athena_resource,
    "dms": replication_resource,
    "glue": catalog_resource,
    "logs": log_stream,
}
"""By service: gives the last part of the ARN from the operation and what it asks; None leaves it to ministack."""


def _resource(resource_of: Callable[..., str], *request: Any) -> str:  # noqa: ANN401 - ministack has no types
    service, _method, _path, headers, body, _query, region, account = request
    if name := _NAMED.get(service):
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if resource := name(operation, json.loads(body or b"{}")):
            return f"arn:aws:{service}:{region}:{account}:{resource}"
    return resource_of(*request)


def _foreign_bucket_allows(
    allows: Callable[..., bool],
    *bucket_and_request: Any,  # noqa: ANN401 - ministack has no types
) -> bool:
    """A bucket policy that names a role lets it in; ministack takes every foreign caller for its account's root."""
    owner, bucket, key, method, query, caller, *more = bucket_and_request
    headers = more[0] if more else None
    policy = patches.BUCKET_POLICIES.value.get_scoped(owner, None, bucket)
    session = patches.SESSIONS.value.get(patches.CALLER_KEY.value(headers or {}, query) or "")
    if not (policy and session):
        return allows(*bucket_and_request)
    path = f"{bucket}/{key}" if key else bucket
    by_method = "GetObject" if method in ("GET", "HEAD") else "PutObject"
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=session["Arn"],
        principal_type="AssumedRole",
        principal_account=caller or "",
        action=f"s3:{patches.S3_ACTION.value(method, f'/{path}', query) or by_method}",
        resource_arn=f"arn:aws:s3:::{path}",
        region=patches.REQUEST_REGION.value(),
    )
    return bool(patches.EVALUATE_RESOURCE.value(policy, context).decision == "Allow")


class _Record:
    """One line of JSON for each role, action and resource, written once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{uuid4().hex}.jsonl"
        self._seen: set[tuple[str, ...]] = set()
        self._one_at_a_time = threading.Lock()

    def evaluate(self, judge: Callable[..., Any], context: Any, *policies: Any) -> Any:  # noqa: ANN401 - ministack has no types
        """The same judgement, with what it allows to a role written down."""
        result = judge(context, *policies)
        if result.decision == "Allow" and is_role(context.principal_arn):
            self._note(account_and_name(context.principal_arn)[1], context.action, context.resource_arn)
        return result

    def _note(self, *call: str) -> None:
        with self._one_at_a_time:
            if call in self._seen:
                return
            self._seen.add(call)
            line = json.dumps(dict(zip(("role", "action", "resource"), call, strict=True)))
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
