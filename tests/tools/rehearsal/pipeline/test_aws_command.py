"""The command `aws` of a build: its words become a call, its answer is one document."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.build_environment import build_environment

CREATED = "<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>x</StackStatus>"
STACK = f"<member><StackName>{{}}</StackName>{CREATED}</member>"
RESULT = "<DescribeStacksResult><Stacks>{}</Stacks>{}</DescribeStacksResult>"
PAGE = f"<DescribeStacksResponse>{RESULT}</DescribeStacksResponse>"
STACKS = ["cloudformation", "describe-stacks", "--output", "json"]


class CloudFormation(ThreadingHTTPServer):
    """Answers DescribeStacks in two pages, or refuses, and remembers who asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[str] = []
        self.pages = 2


class _Answers(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_POST(self) -> None:
        words = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append(re.sub(r".*Credential=(\w+)/\d+/([\w-]+)/.*", r"\1 \2", self.headers["Authorization"]))
        is_last = "NextToken" in words or self.server.pages == 1
        token = "" if is_last else "<NextToken>more</NextToken>"
        body = PAGE.format(STACK.format("second" if "NextToken" in words else "first"), token).encode()
        self.send_response(200 if self.server.pages else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with CloudFormation() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Build:
    """The environment of a build, in a folder whose name is longer than the address of a socket may be."""

    def __init__(self, folder: Path, port: int) -> None:
        tools = folder / ("long" * 30)
        settings = EmulatorSettings(run_directory=folder, package_variables={})
        credentials = {"ACCESS_KEY_ID": "somebody", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}
        self.variables = build_environment(tools, {}, settings, {}) | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_MAX_ATTEMPTS": "1",
            **{f"AWS_{name}": value for name, value in credentials.items()},
        }

    def aws(self, words: Sequence[str], **variables: str) -> tuple[int, str, str]:
        run = subprocess.run(
            ["sh", "-c", f"aws {' '.join(words)}"],
            env=self.variables | variables, cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
        return run.returncode, run.stdout, run.stderr


@pytest.fixture
def build(tmp_path: Path, cloudformation: CloudFormation) -> Build:
    return Build(tmp_path, cloudformation.server_port)


def test_a_call_that_fails_fails_the_command_the_first_and_the_second(build: Build) -> None:
    words = ["sts", "assume-role", "--role-arn", "arn:aws:iam::111111111111:role/look", "--role-session-name", "check"]
    for _ in range(2):
        code, out, error = build.aws([*words, "--output", "json"], AWS_ENDPOINT_URL="http://127.0.0.1:1")
        assert (code, out) == (254, "")
        assert "Could not connect" in error


@pytest.mark.parametrize("words", [["--stack-name", "x", "--include-property-values"], ["--nonsense", "x"]])
def test_words_that_no_call_has_fail_the_command(words: list[str], build: Build) -> None:
    for _ in range(2):
        code, _, error = build.aws(["cloudformation", "describe-change-set", *words])
        assert code == 254
        assert "Parameter validation failed" in error


@pytest.mark.parametrize(("pages", "found"), [(1, ["first"]), (2, ["first", "second"])])
def test_all_pages_are_one_answer(pages: int, found: list[str], build: Build, cloudformation: CloudFormation) -> None:
    cloudformation.pages = pages
    for _ in range(2):
        code, out, error = build.aws(STACKS)
        assert code == 0, error
        assert [stack["StackName"] for stack in json.loads(out)["Stacks"]] == found


def test_one_page_is_asked_for_once(build: Build, cloudformation: CloudFormation) -> None:
    cloudformation.pages = 1
    build.aws(STACKS)
    assert len(cloudformation.asked) == 1


def test_every_call_has_the_credentials_and_the_region_of_its_own_caller(
    build: Build, cloudformation: CloudFormation
) -> None:
    cloudformation.pages = 1
    build.aws(STACKS)
    build.aws(STACKS, AWS_ACCESS_KEY_ID="other", AWS_REGION="eu-west-1")
    build.aws(STACKS)
    assert cloudformation.asked == ["somebody us-east-1", "other eu-west-1", "somebody us-east-1"]
    del build.variables["AWS_ACCESS_KEY_ID"], build.variables["AWS_SECRET_ACCESS_KEY"]
    build.aws(STACKS)
    assert "somebody us-east-1" not in cloudformation.asked[3:], "whoever has no credentials has nobody's"


def test_a_call_after_the_first_costs_little(build: Build, cloudformation: CloudFormation) -> None:
    """Importing boto3 costs ten times as much as a call, and a release asks dozens of times."""
    cloudformation.pages = 1
    first, second = (_seconds_of(lambda: build.aws(STACKS)) for _ in range(2))
    assert second < first / 3


def _seconds_of(call: object) -> float:
    assert callable(call)
    before = os.times()
    call()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
