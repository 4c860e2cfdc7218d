"""Which Region of an environment is active: DMS may work in that one alone."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from deployment_account.release_check.command_line import UnreadableError

if TYPE_CHECKING:
    from deployment_account.release_check.command_line import CommandLine

_DENIED = "AccessDenied"
ATTEMPTS = 12
PAUSE_SECONDS = 5.0
"""A right that the deployment has just given is not known everywhere yet."""


def active_region(aws: CommandLine, regions: str) -> str:
    """The Region that the newest epoch names, as the replica of the own Region has it.

    Args:
        aws: the command line in the own Region.
        regions: what regions_json of deployment_account.secondary says.
    """
    told = json.loads(regions)
    items = _newest(aws, told["table"])
    return str(items[0]["active"]["S"]) if items else str(told["primary"])


def _newest(aws: CommandLine, table: str) -> list[dict[str, dict[str, str]]]:
    for attempt in range(ATTEMPTS):
        try:
            # of epochs the highest number comes first
            found = aws.call(
                "dynamodb",
                "query",
                "--no-scan-index-forward",
                "--consistent-read",
                "--no-paginate",
                table_name=table,
                limit="1",
                key_condition_expression="region_kind = :kind",
                expression_attribute_values=json.dumps({":kind": {"S": "epoch"}}),
            )
        except UnreadableError as error:
            if _DENIED not in str(error) or attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return list(found["Items"])
    raise AssertionError("the last attempt returns or raises")
