"""How the lake's programs call AWS by boto3."""

from __future__ import annotations

import os
from typing import Any

from botocore.config import Config

_AGENT = "data-lake"
"""boto3 would describe machine, Python and features anew in every request, a fifth of the request's CPU time."""
_APP_ID = "AWS_SDK_UA_APP_ID"
"""By this variable operators mark an application's requests; boto3 leaves the mark out beside an agent of one's own."""


def aws_calls(**settings: Any) -> Config:  # noqa: ANN401 - boto3's own
    """Give the settings of a client, beside those that all clients of the lake have."""
    app = os.environ.get(_APP_ID)
    return Config(user_agent=f"{_AGENT} app/{app}" if app else _AGENT, **settings)
