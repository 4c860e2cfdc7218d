"""Whether a role's policies allow an action on anything at all: what can be known before there is a resource."""

from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.role_arns import account_and_name


def is_granted(role_arn: str, action: str) -> bool:
    """Some statement allows the action on something, and none denies it on everything."""
    account, name = account_and_name(role_arn)
    statements = [each for policy in patches.ROLE_POLICIES.value(name, account) for each in policy]
    matching = [each for each in statements if _is_about(each, action)]
    is_denied = any(each.effect == "Deny" and "*" in each.resources and not each.conditions for each in matching)
    return not is_denied and any(each.effect == "Allow" for each in matching)


def _is_about(statement: Any, action: str) -> bool:  # noqa: ANN401 - ministack has no types
    return bool(patches.ACTION_MATCHES.value(action, statement.actions, statement.not_actions))
