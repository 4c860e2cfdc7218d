"""IAM refuses policies that are longer than its quotas; ministack takes any.

White space does not count (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import RefusedError

Operation = Callable[..., Any]
INLINE_OF_A_ROLE = 10_240
MANAGED = 6_144
TRUST = 2_048
_WHITE_SPACE = re.compile(r"\s")


def install() -> None:
    """Measure what a role or a managed policy is given, by the API or by CloudFormation."""
    patches.PUT_ROLE_POLICY.replace(_measured_put)
    patches.IAM_OPERATIONS.value["PutRolePolicy"] = patches.PUT_ROLE_POLICY.value
    handlers = patches.RESOURCE_HANDLERS.value
    for kind, refusal in (("AWS::IAM::Role", _refusal_of_role), ("AWS::IAM::ManagedPolicy", _refusal_of_managed)):
        handler = handlers[kind]
        handler["create"] = _measured(handler["create"], refusal, at=1)
        handler["update"] = _measured(handler["update"], refusal, at=2)


def size_of(documents: Iterable[Any]) -> int:
    """Count the characters of some policies as IAM does; a document is text or what JSON was read into."""
    texts = (document if isinstance(document, str) else json.dumps(document) for document in documents)
    return sum(len(_WHITE_SPACE.sub("", text)) for text in texts)


def _measured_put(put: Operation) -> Operation:
    def put_role_policy(request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - handed through
        parameter = patches.IAM_PARAMETER.value
        name, policy, document = (parameter(request, each) for each in ("RoleName", "PolicyName", "PolicyDocument"))
        role = patches.ROLES.value.get(name)
        if role and size_of({**role["InlinePolicies"], policy: document}.values()) > INLINE_OF_A_ROLE:
            reason = f"Maximum policy size of {INLINE_OF_A_ROLE} bytes exceeded for role {name}"
            return patches.IAM_ERROR.value(409, "LimitExceeded", reason, ns="iam")
        return put(request)

    return put_role_policy


def _measured(operation: Operation, refusal: Callable[[Mapping[str, Any]], str], *, at: int) -> Operation:
    def measured_operation(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - handed through
        if reason := refusal(arguments[at]):
            raise RefusedError(f"{reason} (Service: Iam, Status Code: 409)")
        return operation(*arguments, **named)

    return measured_operation


def _refusal_of_role(properties: Mapping[str, Any]) -> str:
    if size_of([properties.get("AssumeRolePolicyDocument", {})]) > TRUST:
        return f"Cannot exceed quota for ACLSizePerRole: {TRUST}"
    if size_of(policy.get("PolicyDocument", {}) for policy in properties.get("Policies") or []) > INLINE_OF_A_ROLE:
        return f"Maximum policy size of {INLINE_OF_A_ROLE} bytes exceeded for role {properties.get('RoleName', '')}"
    return ""


def _refusal_of_managed(properties: Mapping[str, Any]) -> str:
    if size_of([properties.get("PolicyDocument", {})]) > MANAGED:
        return f"Cannot exceed quota for PolicySize: {MANAGED}"
    return ""
