"""A check says fine only of what it saw; what AWS does not answer is neither fine nor wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from deployment_account.environments import Environment, Platform
from scripts.bootstrap import cdk_cli, checks
from scripts.bootstrap.accounts import Credentials, chosen_environment
from scripts.bootstrap.bootstrapping import deployment_places
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.findings import Finding, State, fine, print_findings, unknown, unless_unreachable, wrong
from tests.tools.scripts.bootstrap.answers import PLACE, UNREACHABLE, answering, failing
from tests.tools.scripts.bootstrap.conftest import text_of

if TYPE_CHECKING:
    from rich.console import Console


@pytest.mark.parametrize(("status", "state"), [("AVAILABLE", "✓"), ("PENDING", "✗"), ("ERROR", "✗")])
def test_a_connection_is_fine_only_when_it_is_available(platform: Platform, status: str, state: str) -> None:
    with answering("codeconnections", "get_connection", {"Connection": {"ConnectionStatus": status}}) as account:
        finding = checks._source(platform.deployment, account, "dev pipelines")
    assert finding.state == state
    assert status in finding.seen
    assert ("finish the connection" in finding.mend) == (state == "✗")


def test_a_codecommit_repository_is_looked_for_in_the_deployment_account(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["deployment"]["repository"] = {"provider": "codecommit", "name": "lake"}
    with answering("codecommit", "get_repository", {"repositoryMetadata": {}}) as account:
        finding = checks._source(Platform.model_validate(raw).deployment, account, "dev pipelines")
    assert finding == fine("dev pipelines: source", "CodeCommit repository lake")


@pytest.mark.parametrize(
    ("repository", "service", "operation", "code", "mend"),
    [
        (
            {"provider": "codecommit", "name": "lake"},
            *("codecommit", "get_repository", "RepositoryDoesNotExistException"),
            "aws codecommit create-repository --repository-name lake --region us-east-1",
        ),
        (
            None,
            *("codeconnections", "get_connection", "ResourceNotFoundException"),
            "create one (docs/deployment.md, step 2) and configure its ARN",
        ),
    ],
)
def test_a_source_that_is_not_there_is_wrong(
    platform: Platform, repository: dict[str, str] | None, service: str, operation: str, code: str, mend: str
) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["deployment"]["repository"] = repository or raw["deployment"]["repository"]
    with answering(service, operation, code) as account:
        finding = checks._source(Platform.model_validate(raw).deployment, account, "dev pipelines")
    assert finding.state is State.WRONG
    assert finding.mend == mend


def test_what_a_check_says_is_mended_is_one_wrong_row() -> None:
    finding = unless_unreachable("node", failing(BootstrapError("there is no node", mend="install one")))
    assert finding == wrong("node", "there is no node", mend="install one")


def test_a_table_is_whole_when_nothing_answers_and_there_is_no_node(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk_cli, "node", failing(BootstrapError("there is no node", mend="install one")))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    session = (boto3.Session(), None)
    credentials = Credentials({PLACE.account: session, "222222222222": session})
    rows = {row.subject: row.state for row in checks.check(platform, credentials, dev_of(platform))}
    assert rows.pop("CDK command line") is State.FINE
    assert rows.pop("node") is State.WRONG
    rows.pop("Python of the functions")
    assert rows.keys() >= {
        "dev pipelines: source",
        "dev pipelines: permissions boundary",
        f"dev pipelines: bootstrap of {PLACE}",
        "dev pipelines: trust in us-east-1",
        "dev: trust in us-east-1",
    }
    assert set(rows.values()) == {State.UNKNOWN}


def test_an_account_without_credentials_is_unknown_with_what_would_let_it_be_seen(platform: Platform) -> None:
    *_, pipelines, lake = checks.check(platform, Credentials({}), dev_of(platform))
    for row, account in ((pipelines, "111111111111"), (lake, "222222222222")):
        assert row.state is State.UNKNOWN
        assert (
            row.seen
            == f"could not be checked: no credentials of account {account} were given: name its profile with --profile"
        )


def dev_of(platform: Platform) -> list[Environment]:
    return [platform.environments["dev"]]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetConnection"),
        UNREACHABLE,
    ],
)
def test_what_cannot_be_asked_is_unknown_with_the_reason(error: Exception) -> None:
    def check() -> Finding:
        raise error

    finding = unless_unreachable("source", check)
    assert finding.state is State.UNKNOWN
    assert finding.seen.startswith("could not be checked: ")
    assert "AccessDenied" in finding.seen or "nowhere" in finding.seen


def test_a_table_shows_every_row_and_each_command_once(console: Console) -> None:
    rows = [fine("a", "good"), wrong("b", "bad", mend="mend it"), wrong("c", "bad", mend="mend it"), unknown("d", "x")]
    assert not print_findings(rows, console)
    lines = [line.split() for line in text_of(console).splitlines()]
    assert [line[:2] for line in lines[1:5]] == [["✓", "a"], ["✗", "b"], ["✗", "c"], ["?", "d"]]
    assert lines[5:] == [["mend", "it"]]


@pytest.mark.parametrize("rows", [[fine("a", "good")], [unknown("a", "no answer")]])
def test_nothing_is_wrong_unless_something_was_seen_to_be(console: Console, rows: list[Finding]) -> None:
    assert print_findings(rows, console)


def test_the_account_of_pipelines_is_bootstrapped_in_their_own_region_alone(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["dev"] |= {"region": "eu-west-1", "availability_zones": ["eu-west-1a"]}
    other = Platform.model_validate(raw)
    assert deployment_places(other, other.environments["dev"]) == [PLACE], "roles are of an account, not of a Region"


def test_an_environment_that_is_not_configured_is_told_with_those_that_are(platform: Platform) -> None:
    with pytest.raises(BootstrapError, match="there is no environment staging; there are dev, test, prod") as refusal:
        chosen_environment(platform, "staging")
    assert "configure" in refusal.value.mend
