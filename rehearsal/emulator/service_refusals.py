"""What IAM and Lambda refuse, by their API or by CloudFormation, and ministack takes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, RefusedError, refusal_of

Operation = Callable[..., Any]
Properties = Mapping[str, Any]
INLINE_OF_A_ROLE, MANAGED, TRUST = 10_240, 6_144, 2_048
"""Characters; white space does not count (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
_WHITE_SPACE = re.compile(r"\s")
_EC2_OF_LAMBDA = "The provided execution role does not have permissions to call {} on EC2"


def install() -> None:
    """Ask whenever a function, a role or a managed policy is made or changed."""
    patches.LAMBDA_CREATE.wrap(_create_function)
    patches.LAMBDA_UPDATE.wrap(_update_function)
    patches.wrap_type("AWS::Lambda::Function", _function)
    patches.PUT_ROLE_POLICY.wrap(_put_role_policy)
    patches.IAM_OPERATIONS.value["PutRolePolicy"] = patches.PUT_ROLE_POLICY.value
    patches.wrap_type("AWS::IAM::Role", partial(_measured, _refusal_of_role))
    patches.wrap_type("AWS::IAM::ManagedPolicy", partial(_measured, _refusal_of_managed))


def size_of(documents: Iterable[Any]) -> int:
    """Count the characters of some policies as IAM does; a document is text or what JSON was read into."""
    texts = (document if isinstance(document, str) else json.dumps(document) for document in documents)
    return sum(len(_WHITE_SPACE.sub("", text)) for text in texts)


def _put_role_policy(put: Operation, request: Properties) -> Any:  # noqa: ANN401 - ministack has no types
    parameter = patches.IAM_PARAMETER.value
    name, policy, document = (parameter(request, each) for each in ("RoleName", "PolicyName", "PolicyDocument"))
    role = patches.ROLES.value.get(name)
    if role and size_of({**role["InlinePolicies"], policy: document}.values()) > INLINE_OF_A_ROLE:
        return patches.IAM_ERROR.value(409, "LimitExceeded", _too_long(name), ns="iam")
    return put(request)


def _measured(refusal: Callable[[Properties], str], properties: Properties, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - ministack has no types
    if reason := refusal(properties):
        raise RefusedError(f"{reason} (Service: Iam, Status Code: 409)")
    return make()


def _refusal_of_role(properties: Properties) -> str:
    if size_of([properties.get("AssumeRolePolicyDocument", {})]) > TRUST:
        return f"Cannot exceed quota for ACLSizePerRole: {TRUST}"
    if size_of(policy.get("PolicyDocument", {}) for policy in properties.get("Policies") or []) > INLINE_OF_A_ROLE:
        return _too_long(properties.get("RoleName", ""))
    return ""


def _too_long(role: str) -> str:
    return f"Maximum policy size of {INLINE_OF_A_ROLE} bytes exceeded for role {role}"


def _refusal_of_managed(properties: Properties) -> str:
    is_too_long = size_of([properties.get("PolicyDocument", {})]) > MANAGED
    return f"Cannot exceed quota for PolicySize: {MANAGED}" if is_too_long else ""


def refusal_of_function(properties: Properties) -> str | None:
    """Why Lambda does not take a function in a VPC, in AWS's words: its role may not make interfaces there."""
    config = properties.get("VpcConfig") or {}
    subnets, groups = config.get("SubnetIds") or [], config.get("SecurityGroupIds") or []
    if not subnets:
        return None
    for subnet in subnets:
        if subnet not in patches.SUBNETS.value:
            return f"Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. {subnet}"
    here = f"arn:aws:ec2:{patches.REQUEST_REGION.value()}:{patches.REQUEST_ACCOUNT.value()}"
    made = [f"{here}:{kind}/{id_}" for kind, ids in (("subnet", subnets), ("security-group", groups)) for id_ in ids]
    needed = {
        "CreateNetworkInterface": [*made, f"{here}:network-interface/eni-0"],
        "DescribeNetworkInterfaces": ["*"],
        "DeleteNetworkInterface": [f"{here}:*/*"],
    }
    for action, resources in needed.items():
        if any(refusal_of(str(properties.get("Role", "")), Call(f"ec2:{action}", one)) for one in resources):
            return _EC2_OF_LAMBDA.format(action)
    return None


def _create_function(create: Operation, request: Properties) -> Any:  # noqa: ANN401 - ministack has no types
    if reason := refusal_of_function(request):
        return patches.JSON_ERROR.value("InvalidParameterValueException", reason, 400)
    return create(request)


def _update_function(update: Operation, name: str, request: Properties) -> Any:  # noqa: ANN401 - ministack has no types
    known = patches.FUNCTIONS.value.get(name, {}).get("config", {})
    asked = {**{field: known[field] for field in ("Role", "VpcConfig") if field in known}, **request}
    return _create_function(lambda _: update(name, request), asked)


def _function(properties: Properties, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - ministack has no types
    if reason := refusal_of_function(properties):
        raise RefusedError(f"{reason} (Service: Lambda, Status Code: 400)")
    made = make()
    if config := properties.get("VpcConfig"):
        # ministack drops it, and so took the function for one outside
        patches.FUNCTIONS.value[made[0]]["config"]["VpcConfig"] = patches.LAMBDA_VPC_CONFIG.value(config)
    return made
