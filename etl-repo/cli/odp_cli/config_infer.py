"""Drafts manifests from landed files, step by step, and shows the progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError
from rich.console import Console, RenderableType
from rich.progress import track

from odp_cli.errors import CommandError
from odp_cli.inference.draft import draft
from odp_cli.inference.evidence_document import evidence_document
from odp_cli.inference.evidence_tables import (
    batch_table,
    left_out_table,
    overview_table,
    schema_table,
    table_evidence,
)
from odp_cli.inference.landed_tables import LandedTables, landed_tables
from odp_cli.inference.proposal import Proposal, propose
from odp_cli.inference.s3_source import s3_source
from odp_cli.inference.settings import ProfileSettings
from odp_cli.inference.table_profile import TableProfile, profile_each


@dataclass(frozen=True)
class Inference:
    """The evidence in landed files, and the manifest that it suggests."""

    landed: LandedTables
    profiles: list[TableProfile]
    proposal: Proposal

    @property
    def manifest(self) -> dict[str, Any]:
        """The draft; fields without evidence are empty, so validation asks for them."""
        return dict(draft(self.profiles, self.proposal))

    def as_json(self) -> dict[str, Any]:
        """Evidence and draft for programs."""
        return {"evidence": evidence_document(self.landed, self.profiles, self.proposal), "draft": self.manifest}

    def tables(self) -> Iterator[RenderableType]:
        """Evidence and proposals for a person, table by table."""
        for each in self.profiles:
            yield schema_table(each)
            yield table_evidence(each, self.proposal)
        yield batch_table(self.proposal)
        yield overview_table(self.profiles, self.proposal)
        if (others := left_out_table(self.landed, self.profiles)) is not None:
            yield others


def infer(url: str, profile_name: str | None, sample_rows: int) -> Inference:
    """Read what has landed under an S3 address."""
    source = s3_source(url, _s3(profile_name))
    landed = landed_tables(source.objects(), source.location.prefix)
    if not landed.tables:
        first = "; ".join(f"{other.key}: {other.reason}" for other in landed.others[:3])
        raise CommandError(
            f"{url} holds no file of a DMS task ({len(landed.others)} other objects: {first})",
            mend="name the bucket, or the folder of it, that the DMS task writes to",
        )
    settings = ProfileSettings(sample_rows=sample_rows)
    watched = track(landed.tables, "Reading landed files", console=Console(stderr=True), transient=True)
    profiles = profile_each(watched, source, settings)
    return Inference(landed, profiles, propose(landed.tables))


def _s3(profile_name: str | None) -> Any:  # noqa: ANN401  boto3 makes clients at run time
    try:
        return boto3.Session(profile_name=profile_name).client("s3")
    except BotoCoreError as error:
        raise CommandError(f"the profile cannot be used: {error}", mend="name another one with --profile") from error
