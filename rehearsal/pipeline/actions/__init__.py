"""Who carries out which kind of action; a kind that is not listed is refused when its pipeline is deployed."""

from collections.abc import Mapping

from rehearsal.pipeline.action_run import Provider
from rehearsal.pipeline.actions.approval import wait_for_approval
from rehearsal.pipeline.actions.cloudformation import change_stack
from rehearsal.pipeline.actions.codebuild import build
from rehearsal.pipeline.actions.source import fetch_source

PROVIDERS: Mapping[tuple[str, str], Provider] = {
    ("Source", "CodeStarSourceConnection"): fetch_source,
    ("Build", "CodeBuild"): build,
    ("Test", "CodeBuild"): build,
    ("Deploy", "CloudFormation"): change_stack,
    ("Approval", "Manual"): wait_for_approval,
}
