"""A configuration is entered or given, checked as a whole, and written as a person would write it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deployment_account.environments import load_platform
from deployment_account.repository import CodeCommitRepository
from scripts.bootstrap.configuration import (
    Json,
    merged,
    next_free_network,
    read_configuration,
    render,
    without,
    write_step,
)
from scripts.bootstrap.configure import configured, parsed, value_at
from scripts.bootstrap.errors import BootstrapError
from tests.configuration import KNOWN

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
NEEDED = (
    "deployment.account=111111111111",
    "deployment.repository.name=owner/lake",
    f"deployment.repository.connection_arn={CONNECTION}",
    "environment.account=222222222222",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "environments.json"


@pytest.fixture
def committed() -> Json:
    return read_configuration(KNOWN)


def write(path: Path, configuration: Json) -> None:
    step = write_step(path, configuration)
    assert step
    step.run()


def test_a_new_configuration_needs_only_what_nobody_can_guess(path: Path) -> None:
    write(path, configured(read_configuration(path), "dev", NEEDED, None))
    dev = load_platform(path).environments["dev"]
    assert (dev.account, dev.region, dev.branch, dev.vpc_cidr) == ("222222222222", "us-east-1", "main", "10.10.0.0/16")
    assert dev.availability_zones == ("us-east-1a", "us-east-1b", "us-east-1c")
    assert dev.removal_policy == "destroy"


def test_a_further_environment_gets_a_network_of_its_own_and_prod_keeps_its_data(path: Path) -> None:
    first = configured(read_configuration(path), "dev", NEEDED, None)
    write(path, configured(first, "prod", ["environment.account=444444444444"], None))
    prod = load_platform(path).environments["prod"]
    assert (prod.vpc_cidr, prod.branch, prod.removal_policy) == ("10.20.0.0/16", "prod", "retain")


def test_what_is_missing_is_told_by_its_place_and_nothing_is_written(path: Path) -> None:
    configuration = configured(read_configuration(path), "dev", ["environment.account=22"], None)
    with pytest.raises(BootstrapError) as refusal:
        write_step(path, configuration)
    assert "nothing was written" in refusal.value.what
    assert "deployment: account is missing" in refusal.value.what
    assert "environments.dev.account: '22' does not match" in refusal.value.what
    assert not path.exists()


def test_networks_that_overlap_are_refused(committed: Json, path: Path) -> None:
    configuration = configured(committed, "dev", ["environment.vpc_cidr=10.20.0.0/16"], None)
    with pytest.raises(BootstrapError, match="overlaps"):
        write_step(path, configuration)


def test_answers_change_what_options_do_not_give_and_todays_values_are_proposed(committed: Json) -> None:
    asked: dict[str, str | None] = {}

    def answer(text: str, proposed: str | None) -> str:
        asked[text] = proposed
        return "develop" if text == "Branch" else proposed or ""

    result = configured(committed, "dev", ["environment.account=555555555555"], answer)
    assert asked["Branch"] == "main"
    assert asked["Availability zones"] == '["us-east-1a", "us-east-1b", "us-east-1c"]'
    assert "Account of the environment (12 digits)" not in asked
    changed = {"account": "555555555555", "branch": "develop"}
    assert result == merged(committed, {"environments": {"dev": changed}})


def test_of_a_codecommit_repository_no_connection_is_asked(path: Path) -> None:
    asked: list[str] = []

    def answer(text: str, proposed: str | None) -> str:
        asked.append(text)
        return proposed or "lake"

    options = ("deployment.repository.provider=codecommit",)
    result = configured(read_configuration(path), "dev", options, answer)
    assert value_at(result, "deployment.repository", "dev") == {"provider": "codecommit", "name": "lake"}
    assert not [text for text in asked if "connection" in text.lower()]


def test_an_account_of_an_example_is_not_proposed(committed: Json) -> None:
    asked: dict[str, str | None] = {}

    def answer(text: str, proposed: str | None) -> str:
        asked[text] = proposed
        return proposed or ""

    configured(committed, "dev", (), answer)
    assert asked["Deployment account (12 digits)"] is None
    assert asked["Account of the environment (12 digits)"] is None
    assert asked["ARN of the CodeConnections connection to it"] is None


def test_a_change_to_codecommit_leaves_no_connection_behind(committed: Json, path: Path) -> None:
    options = ("deployment.repository.provider=codecommit", "deployment.repository.name=lake")
    write(path, configured(committed, "dev", options, None))
    assert load_platform(path).deployment.repository == CodeCommitRepository(provider="codecommit", name="lake")


def test_environments_that_are_removed_leave_the_others_as_they_are(committed: Json) -> None:
    left = without(committed, ["test", "prod"])
    assert left == {**committed, "environments": {"dev": committed["environments"]["dev"]}}
    assert without(committed, []) == without(committed, ["staging"]) == committed


def test_the_last_environment_is_removed_only_when_another_is_configured(committed: Json) -> None:
    every = ["dev", "test", "prod"]
    with pytest.raises(BootstrapError, match="no environment would be left"):
        without(committed, every)
    assert without(committed, every, besides="staging")["environments"] == {}


def test_what_is_to_be_configured_cannot_be_removed(committed: Json) -> None:
    with pytest.raises(BootstrapError, match="dev is to be configured and removed"):
        without(committed, ["dev"], besides="dev")


def test_the_committed_file_is_written_as_it_is(committed: Json) -> None:
    assert render(committed) + "\n" == KNOWN.read_text()
    assert write_step(KNOWN, configured(committed, "dev", (), None)) is None


def test_what_is_written_is_what_was_configured(committed: Json) -> None:
    assert json.loads(render(committed)) == committed
    assert json.loads(render({"a": {}, "b": [], "c": {"d": {"e": "ü"}}})) == {"a": {}, "b": [], "c": {"d": {"e": "ü"}}}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("environment.branch", "main", "main"),
        ("environment.nat_gateways", "3", 3),
        ("environment.account", "111111111111", "111111111111"),
        ("deployment.account", "012345678901", "012345678901"),
        ("environment.approval", "true", True),
        ("environment.availability_zones", '["a"]', ["a"]),
        ("environment.vpc_cidr", "10.10.0.0/16", "10.10.0.0/16"),
        ("name", '"quoted"', '"quoted"'),
    ],
)
def test_values_are_read_as_their_kind(key: str, text: str, value: object) -> None:
    assert parsed(key, text) == value


@pytest.mark.parametrize("option", ["branch", "=main"])
def test_an_option_that_is_no_pair_is_refused(option: str) -> None:
    with pytest.raises(BootstrapError, match=f"--set {option} is not KEY=VALUE"):
        configured({}, "dev", [option], None)


@pytest.mark.parametrize(("content", "told"), [("{", "cannot be read"), ("[]", "holds no sections")])
def test_a_file_that_is_no_configuration_is_told(path: Path, content: str, told: str) -> None:
    path.write_text(content)
    with pytest.raises(BootstrapError, match=f"environments.json {told}"):
        read_configuration(path)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("name.x=1", 'name holds "odp", so there is no x in it'),
        ('name={"x": 1}', 'name holds "odp", so there is no x in it'),
        ("environment.branch.x=1", 'branch holds "main", so there is no x in it'),
        ("environments=1", "environments holds 1, so there is no dev in it"),
    ],
)
def test_a_value_that_is_taken_for_a_section_is_told(committed: Json, option: str, told: str) -> None:
    with pytest.raises(BootstrapError, match=told):
        configured(committed, "dev", [option], None)


def test_a_file_without_a_section_of_environments_is_told(committed: Json) -> None:
    changes: list[Callable[[Json], Json]] = [
        lambda it: without(it, ["dev"]),
        lambda it: configured(it, "dev", (), None),
    ]
    for change in changes:
        with pytest.raises(BootstrapError, match=r"environments holds \[1\], so there is no dev in it"):
            change({**committed, "environments": [1]})


def test_a_network_of_another_environment_that_is_none_is_told_with_its_place(committed: Json) -> None:
    broken = merged(committed, {"environments": {"test": {"vpc_cidr": "10.20.0.0/99"}}})
    with pytest.raises(BootstrapError, match="environments.test.vpc_cidr: 10.20.0.0/99 is no network") as refusal:
        configured(broken, "staging", (), None)
    assert "configure test --set environment.vpc_cidr=" in refusal.value.mend
    assert configured(broken, "staging", ["environment.vpc_cidr=10.40.0.0/16"], None)


def test_a_network_that_lies_within_a_used_one_is_not_proposed() -> None:
    assert next_free_network({"environments": {"dev": {"vpc_cidr": "10.10.0.0/20"}, "new": {}}}) == "10.20.0.0/16"


def test_when_the_tens_are_used_any_free_network_is_proposed_and_without_one_that_is_told() -> None:
    tens = {f"e{number}": {"vpc_cidr": f"10.{number}.0.0/16"} for number in range(10, 256, 10)}
    assert next_free_network({"environments": tens}) == "10.0.0.0/16"
    with pytest.raises(BootstrapError, match="every /16 of 10.0.0.0/8 is used") as refusal:
        next_free_network({"environments": {"all": {"vpc_cidr": "10.0.0.0/8"}}})
    assert "--set environment.vpc_cidr=" in refusal.value.mend


def test_sections_are_merged_values_replaced_and_none_changes_nothing() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "d": 2}
    assert merged(before, {"a": {"b": None, "c": [3]}, "e": {"f": 4}}) == {
        "a": {"b": 1, "c": [3]},
        "d": 2,
        "e": {"f": 4},
    }
    assert before == {"a": {"b": 1, "c": [1, 2]}, "d": 2}
