"""Calls AWS by its command line, which CodeBuild's images have: nothing is installed beside a role of the lake."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any


class UnreadableError(Exception):
    """Something that has to be known is not; nothing may pass because of it."""


class CommandLine:
    """The command line with the credentials of one role, in one Region."""

    def __init__(self, role: str, region: str, session: str = "release-check") -> None:
        self._environment = {**os.environ, "AWS_DEFAULT_REGION": region, "AWS_REGION": region, "AWS_PAGER": ""}
        given = self.call("sts", "assume-role", role_arn=role, role_session_name=session)["Credentials"]
        self._environment |= {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def call(self, service: str, operation: str, *switches: str, **arguments: str) -> Mapping[str, Any]:
        """The answer to a call; one that fails is an error."""
        options = [word for name, value in arguments.items() for word in (f"--{name.replace('_', '-')}", value)]
        command = ["aws", service, operation, *options, *switches, "--output", "json"]
        run = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise UnreadableError(f"{' '.join(command)}: {run.stderr.strip()}")
        try:
            # the command says nothing of a call without an answer
            answer: Mapping[str, Any] = json.loads(run.stdout.strip() or "{}")
        except ValueError as error:
            raise UnreadableError(f"{' '.join(command)}: its answer is no JSON") from error
        return answer


@cache
def as_role(role: str, region: str) -> CommandLine:
    """The command line with a role's credentials: they last for all the stacks that it reads in a step."""
    return CommandLine(role, region)
