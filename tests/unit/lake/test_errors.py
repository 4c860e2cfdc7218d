"""Errors of the JVM in one line that says what is wrong."""

from lake.errors import one_line


def test_the_cause_at_the_root_is_told_and_nothing_between() -> None:
    error = RuntimeError("An error occurred.\n: first\n\tat x\nCaused by: second\n\tat y\nCaused by: the root\n\tat z")
    assert one_line(error) == "An error occurred. Caused by: the root"


def test_an_error_without_words_is_told_by_its_name() -> None:
    assert one_line(KeyError()) == "KeyError"
