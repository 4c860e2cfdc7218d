"""Renders the report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rehearsal.report import charts
from rehearsal.report.model import DemoReport, Section
from rehearsal.report.source import SourceReport
from rehearsal.report.timeline import Lane, amount, counted, dollars, duration, run_lanes, step_lanes, timeline

# What pipelines did, for the page: executions with their stages and actions, and what that does not prove.

_TRIGGERS = {
    "WebhookV2": "a push",
    "CreatePipeline": "the deployment of the pipeline",
    "UpdatePipeline": "the pipeline's change of itself",
}
_MARKS = {"Succeeded": "✓", "Failed": "✗", "InProgress": "…", "Abandoned": "–"}


@dataclass(frozen=True, slots=True)
class PipelineAction:
    """One action of one execution."""

    name: str
    provider: str
    account: str
    start: datetime
    end: datetime
    status: str
    said: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds()

    @property
    def mark(self) -> str:
        """Its status as one character."""
        return _MARKS.get(self.status, "?")

    @property
    def is_approval(self) -> bool:
        """Whether a person was asked."""
        return self.provider == "Manual"


@dataclass(frozen=True, slots=True)
class PipelineStage:
    """One stage; without actions if the execution did not reach it."""

    name: str
    actions: tuple[PipelineAction, ...] = ()

    @property
    def account(self) -> str:
        """Where its actions act, if that is one account."""
        accounts = {action.account for action in self.actions}
        return accounts.pop() if len(accounts) == 1 else ""

    @property
    def status(self) -> str:
        """Its actions' statuses taken together."""
        found = {action.status for action in self.actions}
        for status in ("Failed", "Abandoned", "InProgress"):
            if status in found:
                return status
        return "Succeeded" if found else "NotReached"


@dataclass(frozen=True, slots=True)
class PipelineExecution:
    """One execution of one pipeline."""

    pipeline: str
    version: int
    trigger: str
    commit: str
    subject: str
    status: str
    reason: str
    stages: tuple[PipelineStage, ...]

    @property
    def started_by(self) -> str:
        """What started it, in words."""
        return _TRIGGERS.get(self.trigger, self.trigger)

    @property
    def actions(self) -> tuple[PipelineAction, ...]:
        """All actions in the order in which they began."""
        return tuple(sorted((action for stage in self.stages for action in stage.actions), key=lambda each: each.start))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts in which it changed a stack."""
        deployed = (each for each in self.actions if each.provider == "CloudFormation" and each.status == "Succeeded")
        executed = (each for each in deployed if each.name.endswith("Deploy"))
        return tuple(sorted({each.account for each in executed if not each.said.endswith("unchanged")}))

    @property
    def seconds(self) -> float:
        """From its first action's start to its last one's end."""
        return (max(each.end for each in self.actions) - self.actions[0].start).total_seconds() if self.actions else 0.0

    @property
    def chart(self) -> Markup:
        """Its actions on one time axis; nothing if it has none."""
        says = f"Actions of {self.pipeline} on one time axis"
        return timeline([_lane(action) for action in self.actions], says) if self.actions else Markup()


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """Everything that a rehearsal has to show."""

    started: datetime
    executions: tuple[PipelineExecution, ...]
    limits: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def newest(self) -> tuple[PipelineExecution, ...]:
        """The newest execution of each pipeline."""
        return tuple({execution.pipeline: execution for execution in self.executions}.values())

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that were deployed into."""
        return tuple(sorted({account for execution in self.executions for account in execution.accounts}))

    def count(self, status: str) -> int:
        """How many executions ended so."""
        return sum(execution.status == status for execution in self.executions)


def _lane(action: PipelineAction) -> Lane:
    return Lane(
        action.name,
        action.start,
        action.end,
        "failed" if action.status == "Failed" else "approval" if action.is_approval else "action",
        action.account,
    )


def render(report: DemoReport) -> str:
    """The whole page; every text from outside is escaped."""
    return (
        _templates()
        .get_template("page.html.j2")
        .render(report=report, charts=charts, timeline=timeline, run_lanes=run_lanes, step_lanes=step_lanes)
    )


def render_rehearsal(report: RehearsalReport) -> str:
    """The page of a rehearsal of the deployment."""
    return _templates().get_template("rehearsal.html.j2").render(report=report)


def pipelines_section(report: RehearsalReport) -> Section:
    """The part of the demo's page that shows how the lake was deployed."""
    body = _templates().get_template("pipelines_section.html.j2").render(report=report)
    lead = "A push ran the synthesised pipelines, action by action with IAM enforced. The newest execution comes first."
    return Section("pipelines", "The pipelines that deployed it", lead, body)


def source_section(report: SourceReport) -> Section:
    """The part of the demo's page that shows how fresh the tables were while the source went on."""
    body = _templates().get_template("source_section.html.j2").render(source=report)
    lead = (
        "Customers changed rows all the while. A point is a file of changes: from the commit of its oldest change at "
        "the source to the moment when all of them were in the table."
    )
    return Section("source", "The living source", lead, body)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("rehearsal.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "duration": duration,
        "counted": counted,
        "count": "{:,}".format,
        "dollars": dollars,
        "amount": amount,
    }
    return environment
