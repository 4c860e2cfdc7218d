"""What a lake in another Region than its pipelines' is called lies within the patterns of the execution policies."""

import json
from pathlib import Path

from deployment_account.environments import load_platform
from scripts.bootstrap.accounts import Place
from scripts.idle_cost.synthesised import Stack, synthesised_stacks
from tests.embedded.bootstrap.conftest import DEPLOYMENT, DEV, PROJECT
from tests.tools.scripts.bootstrap.granted import may
from tests.tools.scripts.bootstrap.physical_names import named_resources

HOME, ABROAD = "us-east-1", "eu-west-1"


def test_every_name_that_a_template_gives_lies_within_the_patterns_of_its_region(tmp_path: Path) -> None:
    configuration = tmp_path / "environments.json"
    document = json.loads((PROJECT / "tests" / "environments.json").read_text())
    dev = document["environments"]["dev"] | {"region": ABROAD, "availability_zones": [f"{ABROAD}a", f"{ABROAD}b"]}
    configuration.write_text(json.dumps(document | {"environments": {"dev": dev}}))
    platform = load_platform(configuration)
    actions = set()
    for stack in synthesised_stacks(configuration, tmp_path):
        place = place_of(stack)
        # CDK deploys what a pipeline leaves in another Region by the roles of the pipelines' own bootstrap
        bootstrap = Place(DEPLOYMENT, HOME) if place.account == DEPLOYMENT else place
        for named in named_resources(place, stack.resources):
            assert may(platform, bootstrap, named.action, named.arn), f"{stack.name}: {named.action} on {named.arn}"
            actions.add((place, named.action))
    support = Place(DEPLOYMENT, ABROAD)
    assert actions >= {(support, "kms:CreateAlias"), (support, "s3:CreateBucket")}
    assert {place for place, _ in actions} == {support, Place(DEPLOYMENT, HOME), Place(DEV, ABROAD)}


def place_of(stack: Stack) -> Place:
    """Pipelines live at home; what they hand artifacts through lives where they deploy to."""
    if "-Pipeline" not in stack.name:
        return Place(DEV, ABROAD)
    return Place(DEPLOYMENT, ABROAD if "-support-" in stack.name else HOME)
