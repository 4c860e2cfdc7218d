"""Each environment has a bootstrap of its own, told from the others' by a qualifier that CDK takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from deployment_account.environments import Platform, load_platform
from deployment_account.names import Names
from tests.unit.deployment_account.configurations import DEV, PLATFORM, problems, written

TAKEN_BY_CDK = re.compile(r"[A-Za-z0-9_-]{1,10}")
"""The pattern of the parameter Qualifier in CDK's bootstrap template."""
NAMES = st.builds(
    "{}{}".format, st.sampled_from("az"), st.text("abyz019-", max_size=13).filter(lambda text: not text.endswith("-"))
)
IN_ONE_NAME_SPACE = ("sandbox-aaafhd", "sandbox-aaaikw")
"""Two names whose hashes begin alike, found by counting."""


@given(platform=NAMES, environment=NAMES)
def test_cdk_takes_every_qualifier(platform: str, environment: str) -> None:
    qualifier = Names(platform, environment).qualifier
    assert TAKEN_BY_CDK.fullmatch(qualifier)
    assert "-" not in qualifier, "cdk-<qualifier>-* must be no pattern of another qualifier"


@given(one=NAMES, other=NAMES)
def test_two_environments_of_a_platform_never_share_a_bootstrap(one: str, other: str) -> None:
    assume(one != other)
    prod = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    try:
        platform = Platform.model_validate({**PLATFORM, "environments": {one: DEV, other: prod}})
    except ValidationError:
        return
    names = [Names.of(platform, environment) for environment in platform.environments.values()]
    assert len({each.qualifier for each in names}) == 2
    assert len({each.toolkit_stack for each in names}) == 2
    assert len({each.pipeline_boundary for each in names}) == 2


@pytest.mark.parametrize(
    ("platform", "environment", "qualifier"),
    [("odp", "dev", "odpdev"), ("odp", "prod", "odpprod"), ("odp", "staging", "odpstaging")],
)
def test_a_qualifier_says_whose_it_is_where_that_fits(platform: str, environment: str, qualifier: str) -> None:
    assert Names(platform, environment).qualifier == qualifier


@pytest.mark.parametrize("order", [1, -1])
def test_two_names_whose_hashes_begin_alike_are_refused(tmp_path: Path, order: int) -> None:
    one, other = IN_ONE_NAME_SPACE[::order]
    assert Names("odp", one).qualifier == Names("odp", other).qualifier
    prod = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": {one: DEV, other: prod}})
    assert problem == (f"environments.{other}: its bootstrap would have the qualifier of {one}'s; choose another name")


def test_a_name_that_is_spelled_like_the_hash_of_another_is_refused(tmp_path: Path) -> None:
    spelled = Names("odp", "production").qualifier.removeprefix("odp")
    prod = {**DEV, "account": "555555555555", "vpc_cidr": "10.40.0.0/16"}
    (problem,) = problems(tmp_path, {**PLATFORM, "environments": {"production": DEV, spelled: prod}})
    assert "its bootstrap would have the qualifier of production's" in problem


def test_what_a_bootstrap_makes_is_named_after_its_environment(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, PLATFORM))
    dev = Names.of(platform, platform.environments["dev"])
    assert dev.toolkit_stack == "CDKToolkit-odp-dev"
    assert dev.pipeline_boundary == "odp-dev-pipeline-boundary"
    assert dev.generated == "odp-dev-*"
