"""A topic of SNS, to which people subscribe."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

_SUBJECT_CHARACTERS = 100
_END_OF_SUBJECT = 48
"""A long name is shortened in the middle, because the end says what happened."""
_TEXT_BYTES = 255_000
"""SNS takes 256 KiB (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SETTINGS = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 2})
"""A hanging call must not outlast its function; the next judgement tries again."""


class SnsTopic:
    """Publishes to one topic."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    @cached_property
    def _sns(self) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        return boto3.client("sns", config=_SETTINGS)

    def publish(self, subject: str, text: str) -> None:
        """Send a message to all subscribers; SNS refuses subjects that are not ASCII or too long."""
        line = "".join(letter if " " <= letter <= "~" else "?" for letter in subject)
        if len(line) > _SUBJECT_CHARACTERS:
            line = f"{line[: _SUBJECT_CHARACTERS - _END_OF_SUBJECT - 3]}...{line[-_END_OF_SUBJECT:]}"
        body = _CONTROL.sub("?", text).encode("utf-8", "replace")[:_TEXT_BYTES].decode(errors="ignore")
        self._sns.publish(TopicArn=self._arn, Subject=line, Message=body)
