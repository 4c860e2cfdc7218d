"""What an emulator is started with."""

from pathlib import Path

import pytest

from rehearsal.emulator.settings import EmulatorSettings


@pytest.fixture
def settings(tmp_path: Path) -> EmulatorSettings:
    return EmulatorSettings(run_directory=tmp_path, port=4711)


def test_settings_reach_the_launcher_unchanged(settings: EmulatorSettings) -> None:
    assert EmulatorSettings.from_json(settings.to_json()) == settings


def test_a_relative_run_directory_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert EmulatorSettings(run_directory=Path("run")).run_directory == tmp_path.resolve() / "run"


def test_ministack_enforces_iam_saves_its_state_and_listens_on_loopback(settings: EmulatorSettings) -> None:
    environment = settings.environment()
    assert environment["AUTH"] == "true"
    assert (environment["PERSIST_STATE"], environment["S3_PERSIST"]) == ("1", "1")
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["IOT_MTLS_ENABLED"] == "0"


def test_every_place_is_inside_the_run_directory(settings: EmulatorSettings) -> None:
    environment = settings.environment()
    for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR", "HOME"):
        assert Path(environment[name]).is_relative_to(settings.run_directory)


def test_of_the_hosts_variables_only_tools_and_network_are_kept(
    settings: EmulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("REHEARSAL_JARS", "/jars")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    environment = settings.environment()
    assert (environment["HTTPS_PROXY"], environment["REHEARSAL_JARS"]) == ("http://proxy", "/jars")
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_there_is_a_slot_for_every_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("rehearsal.emulator.settings.os.cpu_count", lambda: 6)
    settings = EmulatorSettings(run_directory=tmp_path)
    assert (settings.glue_slots, settings.glue_cores) == (6, 6)


def test_clients_can_be_remembered_by_the_settings_that_they_were_made_with(settings: EmulatorSettings) -> None:
    assert hash(settings) == hash(EmulatorSettings.from_json(settings.to_json()))
