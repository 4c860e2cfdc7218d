"""The command `aws` as far as builds here use it: CodeBuild's images have the real one.

`aws SERVICE OPERATION --NAME VALUE … --SWITCH … --output json`, with the pages of an answer put together.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_FAILED = 254
"""What the real command says of a call that AWS refused."""
_OF_THE_COMMAND = ("Output",)


def main(words: Sequence[str]) -> int:
    """Call AWS and print its answer."""
    service, operation, *options = words
    client = boto3.client(service)  # type: ignore[call-overload]
    method = operation.replace("-", "_")
    arguments = {name: value for name, value in _arguments(options) if name not in _OF_THE_COMMAND}
    try:
        answer = _answer(client, method, arguments)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"\n{error}\n")
        return _FAILED
    sys.stdout.write(json.dumps(answer, default=str, indent=4) + "\n")
    return 0


def _arguments(options: Sequence[str]) -> Iterator[tuple[str, Any]]:
    position = 0
    while position < len(options):
        name = "".join(part.capitalize() for part in options[position].removeprefix("--").split("-"))
        following = options[position + 1] if position + 1 < len(options) else "--"
        has_value = not following.startswith("--")
        yield name, following if has_value else True
        position += 2 if has_value else 1


def _answer(client: Any, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - boto3 makes clients at run time
    if client.can_paginate(method):
        answer: dict[str, Any] = client.get_paginator(method).paginate(**arguments).build_full_result()
        whole = getattr(client, method)(**arguments)
        answer = {**whole, **answer}
    else:
        answer = getattr(client, method)(**arguments)
    answer.pop("ResponseMetadata", None)
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
