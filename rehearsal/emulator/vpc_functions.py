"""Lambda refuses a function in a VPC whose role may not make interfaces there; ministack takes any.

Its CloudFormation even drops where a function runs.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, RefusedError, refusal_of

Operation = Callable[..., Any]
_EC2_OF_LAMBDA = "The provided execution role does not have permissions to call {} on EC2"


def install() -> None:
    """Ask, whenever a function is made or changed, by the API or by CloudFormation."""
    patches.LAMBDA_CREATE.replace(lambda create: _asked(create, at=0))
    patches.LAMBDA_UPDATE.replace(lambda update: _asked(update, at=1))
    function = patches.RESOURCE_HANDLERS.value["AWS::Lambda::Function"]
    function["create"] = _asked_in_template(function["create"], at=1)
    function["update"] = _asked_in_template(function["update"], at=2)


def refusal(properties: Mapping[str, Any]) -> str | None:
    """Why Lambda does not take a function, in AWS's words; nothing for one outside of VPCs."""
    config = properties.get("VpcConfig") or {}
    subnets, groups = config.get("SubnetIds") or [], config.get("SecurityGroupIds") or []
    if not subnets:
        return None
    for subnet in subnets:
        if subnet not in patches.SUBNETS.value:
            return f"Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. {subnet}"
    here = f"arn:aws:ec2:{patches.REQUEST_REGION.value()}:{patches.REQUEST_ACCOUNT.value()}"
    made = [f"{here}:{kind}/{id_}" for kind, ids in (("subnet", subnets), ("security-group", groups)) for id_ in ids]
    interface = f"{here}:network-interface/eni-0"
    needed = {
        "CreateNetworkInterface": [*made, interface],
        "DescribeNetworkInterfaces": ["*"],
        "DeleteNetworkInterface": [f"{here}:*/*"],
    }
    for action, resources in needed.items():
        if any(refusal_of(str(properties.get("Role", "")), Call(f"ec2:{action}", one)) for one in resources):
            return _EC2_OF_LAMBDA.format(action)
    return None


def _asked(operation: Operation, *, at: int) -> Operation:
    def asked_operation(*arguments: Any) -> Any:  # noqa: ANN401 - handed through
        request = arguments[at]
        known = patches.FUNCTIONS.value.get(arguments[0], {}).get("config", {}) if at else {}
        if reason := refusal({**{name: known[name] for name in ("Role", "VpcConfig") if name in known}, **request}):
            return patches.JSON_ERROR.value("InvalidParameterValueException", reason, 400)
        return operation(*arguments)

    return asked_operation


def _asked_in_template(operation: Operation, *, at: int) -> Operation:
    def asked_operation(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - handed through
        if reason := refusal(arguments[at]):
            raise RefusedError(f"{reason} (Service: Lambda, Status Code: 400)")
        made = operation(*arguments, **named)
        if config := arguments[at].get("VpcConfig"):
            # ministack drops it, and so took the function for one outside
            patches.FUNCTIONS.value[made[0]]["config"]["VpcConfig"] = patches.LAMBDA_VPC_CONFIG.value(config)
        return made

    return asked_operation
