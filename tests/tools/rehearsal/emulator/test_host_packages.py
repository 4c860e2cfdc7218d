"""Builds reach the registries that this machine reaches, and know nothing else of whoever started them."""

from pathlib import Path

from rehearsal.emulator.settings import package_variables


def test_settings_of_package_tools_are_handed_on_and_nothing_else(tmp_path: Path) -> None:
    environment = {"PIP_INDEX_URL": "somewhere", "UV_OFFLINE": "1", "AWS_PROFILE": "mine", "HOME": str(tmp_path)}
    found = package_variables(environment)
    assert (found["PIP_INDEX_URL"], found["UV_OFFLINE"]) == ("somewhere", "1")
    assert not {"AWS_PROFILE", "HOME"} & found.keys()


def test_downloads_of_before_are_found_in_the_caches_of_the_person(tmp_path: Path) -> None:
    found = package_variables({"HOME": str(tmp_path)})
    assert found["UV_CACHE_DIR"] == str(tmp_path / ".cache" / "uv")
    elsewhere = package_variables({"HOME": str(tmp_path), "XDG_CACHE_HOME": "/caches", "UV_CACHE_DIR": "/fast/uv"})
    assert (elsewhere["PIP_CACHE_DIR"], elsewhere["UV_CACHE_DIR"]) == ("/caches/pip", "/fast/uv")


def test_configuration_files_are_named_where_there_are_any(tmp_path: Path) -> None:
    assert "NPM_CONFIG_USERCONFIG" not in package_variables({"HOME": str(tmp_path)})
    (tmp_path / ".npmrc").touch()
    assert package_variables({"HOME": str(tmp_path)})["NPM_CONFIG_USERCONFIG"] == str(tmp_path / ".npmrc")
