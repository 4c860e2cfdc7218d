"""References to variables get the values that earlier actions have set."""

import pytest

from rehearsal.pipeline.definition import ActionFailedError, resolved

NAMESPACES = {"Source@owner_repo": {"CommitId": "abc"}, "Check_NS": {"MESSAGE": "fine"}}


def test_every_reference_gets_its_value() -> None:
    configuration = {"Text": "#{Check_NS.MESSAGE} at #{Source@owner_repo.CommitId}", "Plain": "no #{ reference"}
    assert resolved(configuration, NAMESPACES) == {"Text": "fine at abc", "Plain": "no #{ reference"}


@pytest.mark.parametrize("reference", ["#{Check_NS.LINK}", "#{Unknown.MESSAGE}"])
def test_a_variable_that_nobody_has_set_fails_the_action(reference: str) -> None:
    with pytest.raises(ActionFailedError, match=reference):
        resolved({"Text": reference}, NAMESPACES)
