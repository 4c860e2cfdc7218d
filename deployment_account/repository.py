"""Where the pipelines find the code that they deploy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from deployment_account.model import Model

ConnectionArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[0-9a-f-]{36}$",
        description="A connection of the deployment account, completed once in the console.",
    ),
]
Folder = Annotated[str, Field(pattern=r"^(\.|[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)$")]


class _Repository(Model):
    folders: Mapping[str, Folder] = {}
    """Where an app is not in the folder `<app>-repo`; `.` once it has a repository of its own."""

    def folder(self, component: str) -> str:
        """The folder of one app."""
        return self.folders.get(component, f"{component}-repo")


class ConnectedRepository(_Repository):
    """A repository on GitHub, GitLab or Bitbucket, reached through a CodeConnections connection."""

    provider: Literal["connection"]
    name: Annotated[str, Field(pattern=r"^[^/\s]+(/[^/\s]+)+$", examples=["owner/repository"])]
    connection_arn: ConnectionArn


class CodeCommitRepository(_Repository):
    """A repository in the deployment account; every push to a branch starts its pipelines, whatever it changes."""

    provider: Literal["codecommit"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


Repository = Annotated[ConnectedRepository | CodeCommitRepository, Field(discriminator="provider")]
