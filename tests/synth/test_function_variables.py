"""The environment of each function in the templates is the one that its code reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from odp.variables import (
    BatchManagerVariables,
    ConfigManagerVariables,
    FileManagerVariables,
    ManifestUploadVariables,
    NativeRefreshVariables,
    SweepVariables,
)
from taxi.variables import BundlesVariables, LandingSweepVariables, LandingVariables

from tests.synth.conftest import Synthesis

if TYPE_CHECKING:
    from lake.variables import Variables

READ_BY: dict[str, type[Variables]] = {
    "odp.config_manager.handler.handle": ConfigManagerVariables,
    "odp.config_manager.manifest_upload.handle": ManifestUploadVariables,
    "odp.file_manager.handler.handle": FileManagerVariables,
    "odp.file_manager.sweep.handle": SweepVariables,
    "odp.file_processor.handler.handle": BatchManagerVariables,
    "odp.native.handler.handle": NativeRefreshVariables,
    "taxi.bundles.handler.handle": BundlesVariables,
    "taxi.landing.handler.handle": LandingVariables,
    "taxi.landing.sweep.handle": LandingSweepVariables,
}


def environments(synthesis: Synthesis, environment: str) -> dict[str, dict[str, object]]:
    """The variables of each function, by handler."""
    return {
        function["Handler"]: function["Environment"]["Variables"]
        for stack in ("Odp", "Taxi")
        for function in synthesis.templates[f"odp-{environment}-etl-{stack}"]
        .resources("AWS::Lambda::Function")
        .values()
    }


def test_each_function_is_looked_at(synthesis: Synthesis, environment: str) -> None:
    assert environments(synthesis, environment).keys() == READ_BY.keys()


@pytest.mark.parametrize("handler", READ_BY)
def test_a_function_has_the_variables_that_its_code_reads_and_no_others(
    synthesis: Synthesis, environment: str, handler: str
) -> None:
    variables = environments(synthesis, environment)[handler]
    # what CloudFormation fills in is a text of some length, or JSON with such texts
    filled_in = {name: value if isinstance(value, str) else '"filled-in"' for name, value in variables.items()}
    assert READ_BY[handler].read(filled_in).written() == filled_in
