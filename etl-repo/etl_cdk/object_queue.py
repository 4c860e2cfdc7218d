"""Sends events of new objects to functions: a rule, an encrypted queue and a dead-letter queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

ATTEMPTS = 5
AT_ONCE = cdk.Duration.seconds(0)


def encrypted_queue(
    scope: Construct,
    id_: str,
    *,
    key: kms.IKey,
    timeout: cdk.Duration,
    batching_window: cdk.Duration = AT_ONCE,
    dead_letters: sqs.Queue | None = None,
) -> sqs.Queue:
    """A queue whose messages are hidden for six timeouts of their function and its batching window, as AWS advises."""
    return sqs.Queue(
        scope,
        id_,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        visibility_timeout=cdk.Duration.seconds(6 * timeout.to_seconds() + batching_window.to_seconds()),
        retention_period=cdk.Duration.days(14),
        dead_letter_queue=(
            sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=ATTEMPTS) if dead_letters else None
        ),
    )


def queue_new_objects(
    scope: Construct,
    id_: str,
    *,
    bucket: s3.IBucket,
    queue: sqs.Queue,
    undelivered: sqs.IQueue,
    description: str,
    keys: Sequence[str | Mapping[str, str]] = (),
) -> events.Rule:
    """Send the event of each new object of a bucket to a queue; `keys` limits them to some keys or {"prefix": …}.

    An event that cannot be sent for a day goes to the queue of undelivered events.
    """
    detail: dict[str, Any] = {"bucket": {"name": [bucket.bucket_name]}}
    if keys:
        detail["object"] = {"key": list(keys)}
    return events.Rule(
        scope,
        id_,
        description=description,
        event_pattern=events.EventPattern(source=["aws.s3"], detail_type=["Object Created"], detail=detail),
        targets=[targets.SqsQueue(queue, dead_letter_queue=undelivered)],
    )
