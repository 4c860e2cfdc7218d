"""What a rehearsal does not prove is said, and what it left out comes first."""

from rehearsal.pipeline.report import LIMITS, limits


def test_what_was_left_out_comes_first() -> None:
    assert limits(("make check", "make test-synth"))[0].endswith("make check, make test-synth.")
    assert limits(("make check",))[1:] == LIMITS


def test_a_complete_rehearsal_has_the_general_limits_only() -> None:
    assert limits(()) == LIMITS
    assert all(limit.endswith(".") for limit in LIMITS)


def test_validation_that_was_left_out_is_told_after_the_checks() -> None:
    said = limits(("make check",), validated=False)
    assert said[1] == "Left out in every build that synthesises: CDK's validation of templates."
    assert said[2:] == LIMITS
