"""The infrastructure of every environment: `python app.py` synthesises it without credentials, look-ups or the CLI."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra_cdk.infra_stage import InfraStage

from deployment_account.apps import add_component, configured_platform, open_app
from deployment_account.revision import Revision

if TYPE_CHECKING:
    import aws_cdk as cdk

HERE = Path(__file__).resolve().parent


def build_app() -> cdk.App:
    """The app with its pipelines or, with `-c direct=<environment>`, with the stage of that environment alone."""
    app = open_app(HERE)
    stage = partial(InfraStage, revision=Revision.told_by(os.environ))
    add_component(app, configured_platform(app, HERE), "infra", stage)
    return app


if __name__ == "__main__":
    build_app().synth()
