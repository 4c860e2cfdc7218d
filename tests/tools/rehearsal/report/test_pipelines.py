"""The picture of pipelines: stages, actions, durations, approvals, accounts, and what it does not prove."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.report.page import (
    PipelineAction,
    PipelineExecution,
    PipelineStage,
    RehearsalReport,
    pipelines_section,
    render_rehearsal,
)
from tests.tools.rehearsal.report.svg import colours, tips

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEPLOYMENT, DEV = "111111111111", "222222222222"


def action(name: str, after: float, seconds: float, status: str = "Succeeded", **values: str) -> PipelineAction:
    given = {"provider": "CodeBuild", "account": DEPLOYMENT, **values}
    start = NOON + timedelta(seconds=after)
    return PipelineAction(name=name, start=start, end=start + timedelta(seconds=seconds), status=status, **given)


def execution(*stages: PipelineStage, status: str = "Succeeded", commit: str = "c0ffee00dead") -> PipelineExecution:
    return PipelineExecution("odp-dev-infra", 2, "WebhookV2", commit, "Add <a> stack", status, "", stages)


BUILD = PipelineStage("Build", (action("Synth", 0, 20),))
DEPLOY = PipelineStage(
    "dev",
    (
        action("Storage.Prepare", 21, 1, provider="CloudFormation", account=DEV),
        action("Storage.Deploy", 22, 3, provider="CloudFormation", account=DEV),
    ),
)


@pytest.fixture
def report() -> RehearsalReport:
    rejected = action("Approve", 30, 60, "Failed", provider="Manual", said="Rejected: not on a Friday")
    second = execution(BUILD, PipelineStage("Approve-prod", (rejected,)), PipelineStage("prod"), status="Failed")
    return RehearsalReport(NOON, (execution(BUILD, DEPLOY), second), ("It proves <nothing> about AWS.",))


def test_the_picture_shows_every_stage_and_action_with_its_duration_and_account(report: RehearsalReport) -> None:
    page = render_rehearsal(report)
    for shown in ("Build", "Synth", "20 s", "Storage.Deploy", DEV, "Approve-prod", "Rejected: not on a Friday"):
        assert shown in page
    assert "not reached" in page
    assert "Add &lt;a&gt; stack" in page


def test_a_stage_in_one_other_account_names_it_once(report: RehearsalReport) -> None:
    assert render_rehearsal(report).count(f'<span class="soft">in {DEV}</span>') == 1
    assert DEPLOY.account == DEV
    assert PipelineStage("both", (BUILD.actions[0], DEPLOY.actions[0])).account == ""


def test_what_started_an_execution_is_said_in_words(report: RehearsalReport) -> None:
    assert "started by a push" in render_rehearsal(report)


def test_what_is_not_proved_stands_below_the_picture(report: RehearsalReport) -> None:
    for page in (render_rehearsal(report), pipelines_section(report).body):
        assert "What this does not prove" in page
        assert "It proves &lt;nothing&gt; about AWS." in page


def test_the_page_needs_nothing_from_elsewhere(report: RehearsalReport) -> None:
    assert not re.findall(r"https?://|url\(|@import|<script|<link|<img|<iframe", render_rehearsal(report))


def test_accounts_are_reached_by_deployments_only() -> None:
    assert execution(BUILD, DEPLOY).accounts == (DEV,)
    assert execution(BUILD).accounts == ()


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], "NotReached"),
        (["Succeeded", "Succeeded"], "Succeeded"),
        (["Succeeded", "Failed"], "Failed"),
        (["Succeeded", "InProgress"], "InProgress"),
    ],
)
def test_a_stage_is_what_its_actions_are(statuses: list[str], status: str) -> None:
    actions = tuple(action(str(number), number, 1, each) for number, each in enumerate(statuses))
    assert PipelineStage("any", actions).status == status


def test_an_execution_lasts_from_its_first_action_to_its_last() -> None:
    assert execution(DEPLOY, BUILD).seconds == 25
    assert execution().seconds == 0
    assert execution().chart == ""


def test_actions_are_drawn_with_what_became_of_them_and_their_account(report: RehearsalReport) -> None:
    assert tips(report.executions[0].chart) == [
        f"Synth: 20 s · {DEPLOYMENT}",
        f"Storage.Prepare: 1.0 s · {DEV}",
        f"Storage.Deploy: 3.0 s · {DEV}",
    ]
    assert colours(report.executions[1].chart)[f"Approve: 1 min · {DEPLOYMENT}"] == "var(--deleted)"
    for execution_ in report.executions:
        assert execution_.chart in render_rehearsal(report)


def test_the_newest_execution_of_each_pipeline_is_its_verdict(report: RehearsalReport) -> None:
    assert [each.status for each in report.newest] == ["Failed"]
    assert (report.count("Failed"), report.count("Succeeded")) == (1, 1)


def test_an_account_whose_stack_was_left_as_it_was_is_none_that_was_deployed_into() -> None:
    """A pipeline that executes an empty change set of its own stack."""
    own = action("Pipeline.Deploy", 20, 1, provider="CloudFormation", said="111111111111 odp-prod-Pipeline: unchanged")
    assert execution(BUILD, PipelineStage("prod", (own, *DEPLOY.actions))).accounts == (DEV,)
