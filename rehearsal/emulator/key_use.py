"""Whether a session may use a KMS key through S3: ministack's S3 never asks, and knows no key of another account."""

from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.role_sessions import RoleSession


def key_refusal(session: RoleSession, action: str, key_arn: str) -> str | None:
    """Say why KMS would refuse, by the key's policy and the caller's own as AWS joins them; None if it would not."""
    caller = patches.SESSIONS.value[session.access_key_id]
    account, owner, region = caller["AccountId"], key_arn.split(":")[4], key_arn.split(":")[3]
    with patches.REQUEST_SCOPE.value(owner, region):
        policy, _owner = patches.KEY_POLICY.value(key_arn) or (None, None)
    if policy is None:
        return f"there is no key {key_arn}"
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=caller["Arn"],
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=key_arn,
        region=region,
        service_context={"kms:viaservice": f"s3.{region}.amazonaws.com"},
    )
    with patches.REQUEST_SCOPE.value(account, region):
        return _refusal(session, context, policy, owner)


def _refusal(session: RoleSession, context: Any, policy: str, owner: str) -> str | None:  # noqa: ANN401 - ministack has no types
    principal = patches.RESOLVE_PRINCIPAL.value(session.access_key_id, context.principal_account)
    identity = patches.EVALUATE_IDENTITY.value(context, principal.policies, *principal.limits)
    joined = patches.COMBINE_POLICIES.value(identity, context, policy, owner, required=True, limits=principal.limits)
    if joined.decision == "Allow":
        return None
    by_key = patches.EVALUATE_RESOURCE.value(policy, context).decision
    return (
        f"{context.principal_arn} may not {context.action} on {context.resource_arn} "
        f"(key policy: {by_key}, its own policies: {identity.decision})"
    )
