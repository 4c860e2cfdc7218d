"""Packages are installed from a lock once, only as the lock has them, and always the same."""

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from deployment_account.locked_packages import PackagesNotInstalledError, installed

Files = dict[str, str]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def wheel(shelf: Path, name: str, tag: str = "py3-none-any", files: Files | None = None) -> str:
    """Lay a wheel on the shelf; its line in a lock."""
    info = f"{name}-1.0.dist-info"
    content = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        **(files or {}),
    }
    record = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    path = shelf / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**content, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def write_lock(shelf: Path, *lines: str) -> Path:
    lock = shelf / "requirements-some.txt"
    lock.write_text(f"--no-index\n--find-links {shelf}\n" + "".join(lines))
    return lock


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_installations_of_a_lock_are_the_same_in_every_file(shelf: Path, tmp_path: Path) -> None:
    lock = write_lock(shelf, wheel(shelf, "one", files={"one/tests/test_it.py": "assert False"}))
    first, second = (installed(lock, cache=tmp_path / name) for name in ("first", "second/longer"))
    assert first.name == second.name
    assert contents(first) == contents(second)
    assert set(contents(first)) == {
        "one/__init__.py",
        "one-1.0.dist-info/METADATA",
        "one-1.0.dist-info/WHEEL",
        "one-1.0.dist-info/entry_points.txt",
    }


def test_what_is_installed_is_found_again_without_any_wheel(shelf: Path, tmp_path: Path) -> None:
    lock = write_lock(shelf, wheel(shelf, "one"))
    first = installed(lock, cache=tmp_path / "cache")
    (shelf / "one-1.0-py3-none-any.whl").unlink()
    assert installed(lock, cache=tmp_path / "cache") == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [first.name]


def test_another_lock_has_another_folder(shelf: Path, tmp_path: Path) -> None:
    one, two = wheel(shelf, "one"), wheel(shelf, "two")
    first = installed(write_lock(shelf, one), cache=tmp_path / "cache")
    second = installed(write_lock(shelf, one, two), cache=tmp_path / "cache")
    assert ((first / "two").exists(), (second / "two").exists()) == (False, True)


def test_a_platform_gets_its_own_wheel(shelf: Path, tmp_path: Path) -> None:
    hashes = []
    for machine in ("aarch64", "x86_64"):
        line = wheel(shelf, "fast", f"cp311-cp311-manylinux2014_{machine}", {"fast/machine.txt": machine})
        hashes.append(line.removeprefix("fast==1.0 ").strip())
    lock = write_lock(shelf, f"fast==1.0 {' '.join(hashes)}\n")
    for machine in ("aarch64", "x86_64"):
        folder = installed(lock, cache=tmp_path / "cache", platform=f"{machine}-manylinux2014")
        assert (folder / "fast" / "machine.txt").read_text() == machine


def test_a_wheel_for_a_newer_libc_than_the_platforms_is_refused(shelf: Path, tmp_path: Path) -> None:
    lock = write_lock(shelf, wheel(shelf, "new", "cp311-cp311-manylinux_2_28_aarch64"))
    with pytest.raises(PackagesNotInstalledError, match="new"):
        installed(lock, cache=tmp_path / "cache", platform="aarch64-manylinux2014")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_wheel_that_is_not_the_locks_is_refused(shelf: Path, tmp_path: Path) -> None:
    lock = write_lock(shelf, wheel(shelf, "one"))
    wheel(shelf, "one", files={"one/__init__.py": "import os"})
    with pytest.raises(PackagesNotInstalledError, match=r"requirements-some\.txt.*(?s:.*)[Hh]ash"):
        installed(lock, cache=tmp_path / "cache", environment={**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv")})
