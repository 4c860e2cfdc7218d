"""A bucket policy that names a role lets it in; ministack takes every foreign caller for its account's root."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Allows = Callable[..., bool]
Query = Mapping[str, Any]


def install() -> None:
    """Judge a session from another account by its own ARN."""
    patches.FOREIGN_BUCKET_ALLOWS.replace(_judging_sessions)


def _judging_sessions(allows: Allows) -> Allows:
    def foreign_bucket_allows(
        owner: str, bucket: str, key: str, method: str, query: Query, caller: str, headers: Query | None = None
    ) -> bool:
        policy = patches.BUCKET_POLICIES.value.get_scoped(owner, None, bucket)
        session = patches.SESSIONS.value.get(patches.CALLER_KEY.value(headers or {}, query) or "")
        if not (policy and session):
            return allows(owner, bucket, key, method, query, caller, headers)
        path = f"{bucket}/{key}" if key else bucket
        action = patches.S3_ACTION.value(method, f"/{path}", query) or _action_of(method)
        context = patches.EVALUATION_CONTEXT.value(
            principal_arn=session["Arn"],
            principal_type="AssumedRole",
            principal_account=caller or "",
            action=f"s3:{action}",
            resource_arn=f"arn:aws:s3:::{path}",
            region=patches.REQUEST_REGION.value(),
        )
        return bool(patches.EVALUATE_RESOURCE.value(policy, context).decision == "Allow")

    return foreign_bucket_allows


def _action_of(method: str) -> str:
    return "GetObject" if method in ("GET", "HEAD") else "PutObject"
