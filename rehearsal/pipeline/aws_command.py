"""The command `aws` as far as builds here use it: CodeBuild's images have the real one.

`aws SERVICE OPERATION --NAME VALUE … --SWITCH … --output json`, with the pages of an answer put together. The first
call of a build leaves a process behind that answers the others, each with the credentials and the Region of its own
caller: a build ends with its whole process group, and an idle process ends by itself.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_FAILED = 254
"""What the real command says of a call that AWS refused."""
_OF_THE_COMMAND = ("Output",)
_IDLE_SECONDS = 10
_CHUNK = 1 << 16
Answer = tuple[int, str, str]
"""Exit code, standard output, standard error."""


def main(address: Path, words: Sequence[str]) -> int:
    """Call AWS, print its answer, and leave a process behind for the calls that follow."""
    code, out, error = answer_to(words, os.environ)
    sys.stdout.write(out)
    sys.stderr.write(error)
    sys.stdout.flush()
    sys.stderr.flush()
    listener = _listening(address)
    if listener and os.fork() == 0:
        try:
            _serve(listener)
        finally:
            address.unlink(missing_ok=True)
            os._exit(0)
    return code


def answer_to(words: Sequence[str], variables: Mapping[str, str]) -> Answer:
    """What the command answers to its words, called with these variables of the environment."""
    service, operation, *options = words
    method = operation.replace("-", "_")
    arguments = {name: value for name, value in _arguments(options) if name not in _OF_THE_COMMAND}
    try:
        client = _client(service, variables)
        answer = _answer(client, method, _read(client, method, arguments))
    except (BotoCoreError, ClientError) as error:
        return _FAILED, "", f"\n{error}\n"
    return 0, json.dumps(answer, default=str, indent=4) + "\n", ""


def _client(service: str, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Of these variables alone: this process may have another caller's; without any, the command has none."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=variables.get("AWS_ENDPOINT_URL"),
        region_name=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION"),
        aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID", ""),
        aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY", ""),
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
    )


def _arguments(options: Sequence[str]) -> Iterator[tuple[str, Any]]:
    position = 0
    while position < len(options):
        name = "".join(part.capitalize() for part in options[position].removeprefix("--").split("-"))
        following = options[position + 1] if position + 1 < len(options) else "--"
        has_value = not following.startswith("--")
        yield name, following if has_value else True
        position += 2 if has_value else 1


def _read(client: Any, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Read lists and structures as JSON; the real command has a short way to write them besides."""
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = shape.members if shape else {}
    of_parts = {name for name, member in members.items() if member.type_name in ("list", "map", "structure")}
    return {name: json.loads(value) if name in of_parts else value for name, value in arguments.items()}


def _answer(client: Any, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - as above
    if not client.can_paginate(method):
        answer: dict[str, Any] = getattr(client, method)(**arguments)
    else:
        paginator = client.get_paginator(method)
        first, *further = paginator.paginate(**arguments)
        answer = {**first, **paginator.paginate(**arguments).build_full_result()} if further else first
    answer.pop("ResponseMetadata", None)
    return answer


def _listening(address: Path) -> socket.socket | None:
    """Listen before the first call ends, so that the second finds somebody; not where another process does already."""
    # By its name alone: a socket's address has at most a hundred characters, a folder's path has no such limit.
    os.chdir(address.parent)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(address.name)
        listener.listen()
    except OSError:
        return None
    return listener


def _serve(listener: socket.socket) -> None:
    """Answer one call after another until none comes any more; nobody waits for this process."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    listener.settimeout(_IDLE_SECONDS)
    while True:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            _answer_one(connection)


def _answer_one(connection: socket.socket) -> None:
    connection.settimeout(_IDLE_SECONDS)
    asked = b"".join(iter(lambda: connection.recv(_CHUNK), b""))
    connection.sendall(json.dumps(answer_to(*json.loads(asked))).encode())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
