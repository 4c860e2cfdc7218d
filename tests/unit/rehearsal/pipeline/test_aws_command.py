"""The command `aws` of a build: its words become a call, its answer is one document."""

import pytest

from rehearsal.pipeline.aws_command import main


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.mark.usefixtures("nowhere")
def test_a_call_that_fails_fails_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sts", "assume-role", "--role-arn", "arn:aws:iam::111111111111:role/look", "--role-session-name", "check"]
    assert main([*words, "--output", "json"]) != 0
    told = capsys.readouterr()
    assert "Could not connect" in told.err
    assert told.out == ""


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("words", [["--stack-name", "x", "--include-property-values"], ["--nonsense", "x"]])
def test_words_that_no_call_has_fail_the_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cloudformation", "describe-change-set", *words]) != 0
    assert "Parameter validation failed" in capsys.readouterr().err
