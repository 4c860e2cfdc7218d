"""The source action: passes on the pushed commit, or the newest of its branch, without history."""

from rehearsal.pipeline.access import PIPELINE_STACK
from rehearsal.pipeline.action_run import ActionRun, Variables
from rehearsal.pipeline.errors import ActionFailedError
from rehearsal.pipeline.repository import Repository

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
