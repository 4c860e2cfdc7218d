"""What is shown is what is run; what is hidden is not shown; a dry run runs nothing."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import Call, Command, Wait, WriteFile, carry_out
from tests.tools.scripts.bootstrap.conftest import text_of

if TYPE_CHECKING:
    from rich.console import Console

REGION = "eu-west-1"


def call(service: str, operation: str, **parameters: Any) -> Call:
    return Call(boto3.client(service, region_name=REGION), operation, parameters, REGION)  # type: ignore[call-overload]


@dataclass
class Recorded:
    name: str
    taken: list[str] = field(default_factory=list)

    def shown(self) -> str:
        return self.name

    def run(self) -> None:
        self.taken.append(self.name)


def test_a_dry_run_shows_every_step_and_takes_none(console: Console) -> None:
    steps = [Recorded("one"), Recorded("two")]
    carry_out(steps, console, dry_run=True)
    assert [step.taken for step in steps] == [[], []]
    assert text_of(console) == "would run: one\nwould run: two\nNothing was changed: this was a dry run.\n"


def test_a_run_shows_the_same_steps_and_takes_them_in_order(console: Console) -> None:
    taken: list[str] = []
    carry_out([Recorded("one", taken), Recorded("two", taken)], console, dry_run=False)
    assert taken == ["one", "two"]
    assert text_of(console) == "running: one\nrunning: two\n"


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_to_do_is_said(console: Console, dry_run: bool) -> None:
    carry_out([], console, dry_run=dry_run)
    assert text_of(console) == "There is nothing to do.\n"


def test_a_step_that_fails_ends_the_run(console: Console) -> None:
    after = Recorded("after")
    with pytest.raises(BootstrapError):
        carry_out([Command((sys.executable, "-c", "raise SystemExit(3)")), after], console, dry_run=False)
    assert after.taken == []


def test_a_call_is_shown_as_the_aws_command_that_makes_it() -> None:
    shown = call("iam", "create_policy", PolicyName="name", PolicyDocument='{"a": "b c"}').shown()
    assert shown == ('aws iam create-policy --policy-name name --policy-document \'{"a": "b c"}\' --region eu-west-1')


def test_truths_lists_and_sections_are_shown_as_the_aws_command_takes_them() -> None:
    shown = call("ssm", "x", Overwrite=True, Recursive=False, Names=["a", "b"], Filters=[{"Key": "k"}]).shown()
    words = shlex.split(shown)[3:-2]
    assert words == ["--overwrite", "--no-recursive", "--names", "a", "b", "--filters", '[{"Key": "k"}]']


def test_the_profile_is_part_of_what_is_shown() -> None:
    shown = replace(call("sts", "get_caller_identity"), profile="dev-admin").shown()
    assert shown == "aws sts get-caller-identity --region eu-west-1 --profile dev-admin"


def test_a_hidden_parameter_is_sent_and_never_shown() -> None:
    put = replace(
        call("secretsmanager", "put_secret_value", SecretId="s", SecretString="p4ss"),
        hidden=frozenset({"SecretString"}),
    )
    with Stubber(put.client) as stub:
        stub.add_response("put_secret_value", {}, {"SecretId": "s", "SecretString": "p4ss"})
        put.run()
        stub.assert_no_pending_responses()
    assert put.shown().startswith("aws secretsmanager put-secret-value --secret-id s --secret-string '<hidden>'")
    assert "p4ss" not in put.shown()


def test_a_wait_ends_when_aws_says_so() -> None:
    client = boto3.client("cloudformation", region_name=REGION)
    wait = Wait(client, "stack_delete_complete", {"StackName": "s"}, REGION, seconds=0)
    with Stubber(client) as stub:
        for status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            stack = {"StackName": "s", "StackStatus": status, "CreationTime": 0}
            stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "s"})
        wait.run()
        stub.assert_no_pending_responses()
    assert wait.shown() == "aws cloudformation wait stack-delete-complete --stack-name s --region eu-west-1"


def test_a_wait_is_patient_for_an_hour_whatever_botocore_thinks() -> None:
    client = Impatient()
    Wait(client, "stack_delete_complete", {"StackName": "s"}, REGION).run()
    assert client.settings["Delay"] * client.settings["MaxAttempts"] == 60 * 60


class Impatient:
    """A client whose waiter remembers how long it was told to wait."""

    def get_waiter(self, name: str) -> Impatient:
        return self

    def wait(self, *, StackName: str, WaiterConfig: dict[str, int]) -> None:  # noqa: N803  as boto3 has them
        self.settings = WaiterConfig


def test_a_command_runs_where_and_with_what_it_shows(tmp_path: Path) -> None:
    program = "import os; open('out', 'w').write(os.environ['NAME'])"
    command = Command((sys.executable, "-c", program), {"NAME": "a value"}, tmp_path)
    command.run()
    assert (tmp_path / "out").read_text() == "a value"
    assert command.shown().startswith(f"NAME='a value' {sys.executable} -c ")


def test_a_command_that_fails_is_named_with_its_exit_code() -> None:
    with pytest.raises(BootstrapError, match="ended with exit code 3"):
        Command((sys.executable, "-c", "raise SystemExit(3)")).run()


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    WriteFile(path, "one").run()
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    WriteFile(path, "two").run()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two", 0o600)
    assert os.listdir(path.parent) == ["file"]  # noqa: PTH208  names only
