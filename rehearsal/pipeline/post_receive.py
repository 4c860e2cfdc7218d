"""What the repository runs after a push, in the place of AWS's connection: it starts the pipelines it is for."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.demo.workspace import PROJECT
from rehearsal.emulator.account_root import kept_root_secret
from rehearsal.emulator.settings import LOOPBACK
from rehearsal.pipeline.errors import RehearsalError
from rehearsal.pipeline.repository import Repository
from rehearsal.pipeline.triggers import Push, started_source

_BRANCH = "refs/heads/"
_DELETED = "0" * 40


def hook(port_file: Path, account: str, region: str, name: str) -> list[str]:
    """The command line that a repository runs after a push."""
    words = (str(port_file), account, region, name)
    return ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "rehearsal.pipeline.post_receive", *words]


def pushes(lines: Iterable[str], repository: Repository, name: str) -> Iterator[Push]:
    """The branches that got new commits, from what git tells a hook."""
    for line in lines:
        old, new, reference = line.split()
        if reference.startswith(_BRANCH) and new != _DELETED:
            yield Push(name, reference.removeprefix(_BRANCH), new, repository.changed_files(old, new))


def start_pipelines(codepipeline: Any, push: Push) -> Iterator[str]:  # noqa: ANN401 - boto3 makes clients at run time
    """Start every pipeline that a push is for and give their names."""
    for listed in codepipeline.list_pipelines()["pipelines"]:
        document = codepipeline.get_pipeline(name=listed["name"])["pipeline"]
        if source := started_source(document, push):
            revision = {"actionName": source, "revisionType": "COMMIT_ID", "revisionValue": push.commit}
            codepipeline.start_pipeline_execution(name=listed["name"], sourceRevisions=[revision])
            yield str(listed["name"])


def main(port_file: str, account: str, region: str, name: str) -> None:
    """Say what was started; a push is kept whatever happens here."""
    try:
        codepipeline = boto3.client(
            "codepipeline",
            endpoint_url=f"http://{LOOPBACK}:{Path(port_file).read_text()}",
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=kept_root_secret(Path(port_file).parent),
        )
        for push in pushes(sys.stdin, Repository(Path.cwd()), name):
            started = list(start_pipelines(codepipeline, push))
            _say(f"{push.branch} {push.commit[:8]} starts {', '.join(started) or 'no pipeline'}")
    except (BotoCoreError, ClientError, OSError, RehearsalError) as error:
        _say(f"no pipeline was started: {error}. Is `make rehearse` running? It goes on with what was pushed.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
