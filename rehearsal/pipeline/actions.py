"""Who carries out which kind of action; a kind that is not listed is refused when its pipeline is deployed."""

from collections.abc import Mapping

from rehearsal.pipeline.action_run import PIPELINE_STACK, POLL_SECONDS, ActionRun, Provider, Variables
from rehearsal.pipeline.build_action import build
from rehearsal.pipeline.definition import ActionFailedError
from rehearsal.pipeline.records import Approvals
from rehearsal.pipeline.repository import Repository
from rehearsal.pipeline.stack_action import change_stack

# The approval action: nothing goes on before somebody answers it by PutApprovalResult.

_SEVEN_DAYS = 7 * 24 * 3600


def wait_for_approval(run: ActionRun) -> Variables:
    """Ask, wait for the answer, and fail when it is a rejection."""
    run.record.summary = run.configuration.get("CustomData", "")
    with Approvals.asked() as request:
        run.record.token = request.token
        waited = 0.0
        while not request.answered.wait(POLL_SECONDS):
            run.go_on()
            waited += POLL_SECONDS
            if waited > _SEVEN_DAYS:
                raise ActionFailedError("nobody answered within seven days")
    said = f": {request.summary}" if request.summary else ""
    if request.status != "Approved":
        raise ActionFailedError(f"Rejected{said}")
    run.record.summary = f"Approved{said}"
    return {}


# The source action: passes on the pushed commit, or the newest of its branch, without history.

NOT_PUSHED_YET = "yet: push to it"


def fetch_source(run: ActionRun) -> Variables:
    """Pack the files of the commit and name it to the actions that follow."""
    connection, name, branch = (run.required(key) for key in ("ConnectionArn", "FullRepositoryId", "BranchName"))
    service = connection.split(":")[2]
    run.access.require(run.actor.role_arn, f"{service}:UseConnection", connection, mend=PIPELINE_STACK)
    if run.configuration.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise ActionFailedError("a full clone is not rehearsed: only OutputArtifactFormat CODE_ZIP is")
    repository = Repository.of(run.settings.repositories, name)
    commit = run.execution.revision or repository.head(branch)
    if commit is None:
        raise ActionFailedError(f"{name} has no branch {branch} {NOT_PUSHED_YET}")
    run.artifacts.put(run.actor, run.action.outputs[0], repository.archive(commit))
    subject = repository.subject(commit)
    run.execution.revision, run.execution.revision_summary = commit, subject
    run.execution.source_action = run.action.name
    run.record.summary = f"{commit[:8]} {subject}"
    return {
        "CommitId": commit,
        "BranchName": branch,
        "FullRepositoryName": name,
        "CommitMessage": subject,
        "ConnectionArn": connection,
        "AuthorDate": repository.author_date(commit),
    }


PROVIDERS: Mapping[tuple[str, str], Provider] = {
    ("Source", "CodeStarSourceConnection"): fetch_source,
    ("Build", "CodeBuild"): build,
    ("Test", "CodeBuild"): build,
    ("Deploy", "CloudFormation"): change_stack,
    ("Approval", "Manual"): wait_for_approval,
}
