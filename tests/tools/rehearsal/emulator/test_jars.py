"""The jars are downloaded once, by one process, never half, and never with another content than the locked one."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal import jars
from rehearsal.jars import JarsError

Ivy = Callable[[Path, Sequence[str]], "subprocess.CompletedProcess[str]"]
TRANSITIVE = "com.amazonaws:aws-java-sdk-core:1.12.262"


def _answer(code: int = 0, said: str = "", printed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess([], code, printed, said)


def _file_name(package: str) -> str:
    return "{}_{}-{}.jar".format(*package.split(":"))


def _content(package: str) -> str:
    return f"the jar of {package}"


def _lock(file: Path, packages: Sequence[str]) -> Path:
    locked = [
        {
            "name": package.rpartition(":")[0],
            "version": package.rpartition(":")[2],
            "sha256": hashlib.sha256(_content(package).encode()).hexdigest(),
        }
        for package in sorted((*packages, TRANSITIVE))
    ]
    entry = {"packages": list(packages), "excluded": list(jars.EXCLUDED), "jars": locked}
    file.write_text(json.dumps({"sets": [entry]}))
    return file


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of the packages in use and of one that they need."""
    return _lock(tmp_path / "jars.lock.json", jars.PACKAGES)


def _download(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    (folder / "jars").mkdir(exist_ok=True)
    for package in (*packages, TRANSITIVE):
        (folder / "jars" / _file_name(package)).write_text(_content(package))
    lines = [f"\t{group}#{name};{version} from central in [default]" for group, name, version in _parts(packages)]
    return _answer(said="\n".join([":: modules in use:", *lines, "\torg.a#parent-of-all;1 from central in [default]"]))


def _parts(packages: Sequence[str]) -> list[list[str]]:
    return [package.split(":") for package in (*packages, TRANSITIVE)]


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Count downloads, without a network."""
    seen: list[Path] = []

    def download(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        seen.append(folder)
        return _download(folder, packages)

    monkeypatch.setattr(jars, "_run_ivy", download)
    return seen


def _downloading(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]) -> None:
    """Let what arrives be spoiled on its way."""

    def download(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        answer = _download(folder, packages)
        spoil(folder / "jars")
        return answer

    monkeypatch.setattr(jars, "_run_ivy", download)


def test_the_jars_are_downloaded_once(downloads: list[Path], tmp_path: Path, lock: Path) -> None:
    first, second = (jars.spark_jars(tmp_path / "ivy", lock=lock) for _ in range(2))
    assert first == second
    assert {jar.name for jar in first} == {_file_name(package) for package in (*jars.PACKAGES, TRANSITIVE)}
    assert all(jar.parent == tmp_path / "ivy" / "jars" for jar in first)
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("formats", "brought"),
    [((), set()), (("hudi",), {"hudi"}), (("iceberg",), {"iceberg"}), (("hudi", "iceberg"), {"hudi", "iceberg"})],
)
def test_a_run_has_the_ways_to_s3_and_the_jars_of_its_own_formats_only(
    formats: tuple[str, ...], brought: set[str], downloads: list[Path], tmp_path: Path, lock: Path
) -> None:
    found = [jar.name for jar in jars.without_other_formats(jars.spark_jars(tmp_path, lock=lock), formats)]
    assert {name for name in ("hudi", "iceberg") if any(name in jar for jar in found)} == brought
    assert sum("hadoop-aws" in jar or "aws-java-sdk" in jar for jar in found) == 4


def test_other_packages_are_kept_in_the_folder_they_are_asked_into(downloads: list[Path], tmp_path: Path) -> None:
    packages = ("io.delta:delta:1",)
    lock = _lock(tmp_path / "jars.lock.json", packages)
    found = jars.spark_jars(tmp_path / "other", packages, lock=lock)
    assert tmp_path / "other" / "jars" / "io.delta_delta-1.jar" in found
    assert jars.spark_jars(tmp_path / "other", packages, lock=lock) == found
    assert len(downloads) == 1


def test_two_at_once_download_once(downloads: list[Path], tmp_path: Path, lock: Path) -> None:
    threads = [threading.Thread(target=jars.spark_jars, args=(tmp_path,), kwargs={"lock": lock}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(downloads) == 1


def test_a_jar_that_is_missing_is_downloaded_again(downloads: list[Path], tmp_path: Path, lock: Path) -> None:
    found = jars.spark_jars(tmp_path, lock=lock)
    found[0].unlink()
    assert jars.spark_jars(tmp_path, lock=lock) == found
    assert len(downloads) == 2


def test_what_an_interrupted_download_left_is_not_used(downloads: list[Path], tmp_path: Path, lock: Path) -> None:
    (tmp_path / "arriving" / "jars").mkdir(parents=True)
    (tmp_path / "arriving" / "jars" / _file_name(TRANSITIVE)).write_text("half")
    assert all("half" not in jar.read_text() for jar in jars.spark_jars(tmp_path, lock=lock))
    assert not (tmp_path / "arriving").exists()


@pytest.mark.parametrize("package", [jars.PACKAGES[0], jars.PACKAGES[-1], TRANSITIVE])
@pytest.mark.parametrize("planted", ["of the same length", "longer", "empty"])
def test_a_jar_in_the_cache_with_another_content_is_refused(
    package: str, planted: str, downloads: list[Path], tmp_path: Path, lock: Path
) -> None:
    jars.spark_jars(tmp_path, lock=lock)
    jar = tmp_path / "jars" / _file_name(package)
    content = {"of the same length": _content(package).swapcase(), "longer": _content(package) + "!", "empty": ""}[
        planted
    ]
    jar.write_text(content)
    with pytest.raises(JarsError) as refusal:
        jars.spark_jars(tmp_path, lock=lock)
    expected, found = (hashlib.sha256(text.encode()).hexdigest() for text in (_content(package), content))
    assert f"{jar}: expected SHA-256 {expected}, found {found}" in str(refusal.value)
    assert len(downloads) == 1, "a cache that somebody changed is not mended without a word"


@pytest.mark.parametrize("package", [jars.PACKAGES[0], TRANSITIVE])
def test_a_download_with_another_content_is_refused_and_none_of_it_used(
    package: str, tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = _content(package).swapcase()
    _downloading(monkeypatch, lambda folder: (folder / _file_name(package)).write_text(wrong))
    for _ in range(2):
        with pytest.raises(JarsError) as refusal:
            jars.spark_jars(tmp_path, lock=lock)
        expected, found = (hashlib.sha256(text.encode()).hexdigest() for text in (_content(package), wrong))
        assert f"{_file_name(package)}: expected SHA-256 {expected}, found {found}" in str(refusal.value)
        assert not list(tmp_path.glob("jars/*"))


def test_a_jar_that_the_lock_does_not_know_is_refused(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _downloading(monkeypatch, lambda folder: (folder / "org.evil_agent-1.jar").write_text("?"))
    with pytest.raises(JarsError, match="org.evil_agent-1.jar is not in the lock"):
        jars.spark_jars(tmp_path, lock=lock)


def test_a_jar_that_is_there_but_not_locked_is_not_on_the_class_path(
    downloads: list[Path], tmp_path: Path, lock: Path
) -> None:
    found = jars.spark_jars(tmp_path, lock=lock)
    (tmp_path / "jars" / "org.evil_agent-1.jar").write_text("?")
    assert jars.spark_jars(tmp_path, lock=lock) == found


def test_packages_that_the_lock_does_not_know_are_refused_before_any_download(
    downloads: list[Path], tmp_path: Path, lock: Path
) -> None:
    with pytest.raises(JarsError, match=r"jars\.lock\.json has no jars for io\.delta:delta:2; `make lock-jars`"):
        jars.spark_jars(tmp_path, ("io.delta:delta:2",), lock=lock)
    assert not downloads


@pytest.mark.parametrize("content", [None, "", "{}", '{"sets": [{"packages": []}]}', "[]"])
def test_without_a_readable_lock_no_jar_is_used(
    content: str | None, downloads: list[Path], tmp_path: Path, lock: Path
) -> None:
    jars.spark_jars(tmp_path, lock=lock)
    lock.unlink() if content is None else lock.write_text(content)
    with pytest.raises(JarsError, match=r"jars\.lock\.json cannot be read"):
        jars.spark_jars(tmp_path, lock=lock)


def test_a_failed_download_gives_ivys_reason_and_what_to_do(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "resolving\n\t:: unresolved dependency: org.apache.hudi#hudi;1.0.2: not found\nmore"
    monkeypatch.setattr(jars, "_run_ivy", lambda *_: _answer(1, said))
    with pytest.raises(JarsError) as failure:
        jars.spark_jars(tmp_path, lock=lock)
    message = str(failure.value)
    assert "unresolved dependency: org.apache.hudi#hudi;1.0.2: not found. " in message
    assert "REHEARSAL_JARS may name a folder" in message
    assert "\n" not in message


def test_a_download_that_leaves_a_jar_out_is_a_failure(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _downloading(monkeypatch, lambda folder: next(folder.glob("*hudi*")).unlink())
    with pytest.raises(JarsError, match="could not be downloaded"):
        jars.spark_jars(tmp_path, lock=lock)
    assert not list(tmp_path.glob("jars/*"))


def test_the_cache_is_in_the_project_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REHEARSAL_JARS", raising=False)
    assert jars.cache_folder() == Path(jars.__file__).resolve().parent.parent / ".local" / "ivy"
    monkeypatch.setenv("REHEARSAL_JARS", str(tmp_path))
    assert jars.cache_folder() == tmp_path


def _sets(lock: Path) -> list[dict[str, Any]]:
    sets: list[dict[str, Any]] = json.loads(lock.read_text())["sets"]
    return sets


def test_the_projects_lock_pins_every_package_in_use_by_version_and_hash() -> None:
    sets = _sets(Path(jars.__file__).resolve().parents[1] / "jars.lock.json")
    assert [tuple(one["packages"]) for one in sets] == [jars.PACKAGES, jars.DELTA, jars.SOURCE]
    for one in sets:
        assert tuple(one["excluded"]) == jars.EXCLUDED
        found = {f"{jar['name']}:{jar['version']}" for jar in one["jars"]}
        assert found >= set(one["packages"])
        assert found > set(one["packages"]) or one["packages"] == list(jars.SOURCE), "transitive ones too"
        assert all(len(bytes.fromhex(jar["sha256"])) == 32 for jar in one["jars"])


def test_the_lock_that_is_written_is_the_lock_that_is_read(downloads: list[Path], tmp_path: Path) -> None:
    lock = tmp_path / "new.json"
    jars.lock_jars(lock)
    assert _sets(lock)[0] == _sets(_lock(tmp_path / "by_hand.json", jars.PACKAGES))[0]
    assert len(jars.spark_jars(tmp_path / "ivy", lock=lock)) == len(jars.PACKAGES) + 1


def test_a_locked_version_whose_content_has_changed_is_not_locked_anew(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lock.read_text()
    _downloading(monkeypatch, lambda folder: (folder / _file_name(TRANSITIVE)).write_text("?"))
    with pytest.raises(JarsError, match="com.amazonaws:aws-java-sdk-core 1.12.262: expected SHA-256"):
        jars.lock_jars(lock)
    assert lock.read_text() == before


def test_a_jar_that_ivy_does_not_name_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _downloading(monkeypatch, lambda folder: (folder / "org.evil_agent-1.jar").write_text("?"))
    with pytest.raises(JarsError, match=r"org\.evil_agent-1\.jar"):
        jars.lock_jars(tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()
