"""The jars are downloaded once, by one process, and never half."""

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rehearsal import jars
from rehearsal.jars import JarsError

Ivy = Callable[[Path, Sequence[str]], "subprocess.CompletedProcess[str]"]


def _answer(code: int = 0, said: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess([], code, "", said)


def _download(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    (folder / "jars").mkdir(exist_ok=True)
    for package in packages:
        (folder / "jars" / "{}_{}-{}.jar".format(*package.split(":"))).write_text(package)
    return _answer()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Count downloads, none of which takes a network."""
    seen: list[Path] = []

    def download(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        seen.append(folder)
        return _download(folder, packages)

    monkeypatch.setattr(jars, "_run_ivy", download)
    return seen


def test_the_jars_are_downloaded_once(downloads: list[Path], tmp_path: Path) -> None:
    first, second = jars.spark_jars(tmp_path / "ivy"), jars.spark_jars(tmp_path / "ivy")
    assert first == second
    assert [jar.name.split("-")[0] for jar in first] == [
        "com.amazonaws_aws", "com.amazonaws_aws", "org.apache.hadoop_hadoop", "org.apache.hudi_hudi",
        "org.apache.iceberg_iceberg", "org.apache.iceberg_iceberg",
    ]  # fmt: skip
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("formats", "brought"),
    [((), set()), (("hudi",), {"hudi"}), (("iceberg",), {"iceberg"}), (("hudi", "iceberg"), {"hudi", "iceberg"})],
)
def test_a_run_has_the_ways_to_s3_and_the_jars_of_its_own_formats_only(
    formats: tuple[str, ...], brought: set[str], downloads: list[Path], tmp_path: Path
) -> None:
    found = [jar.name for jar in jars.without_other_formats(jars.spark_jars(tmp_path), formats)]
    assert {name for name in ("hudi", "iceberg") if any(name in jar for jar in found)} == brought
    assert sum("hadoop-aws" in jar or "aws-java-sdk" in jar for jar in found) == 3


def test_other_packages_are_kept_in_the_folder_they_are_asked_into(downloads: list[Path], tmp_path: Path) -> None:
    (jar,) = jars.spark_jars(tmp_path / "other", ("io.delta:delta:1",))
    assert jar == tmp_path / "other" / "jars" / "io.delta_delta-1.jar"
    assert jars.spark_jars(tmp_path / "other", ("io.delta:delta:1",)) == (jar,)
    assert downloads == [tmp_path / "other"]


def test_two_at_once_download_once(downloads: list[Path], tmp_path: Path) -> None:
    threads = [threading.Thread(target=jars.spark_jars, args=(tmp_path / "ivy",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(downloads) == 1


@pytest.mark.parametrize("damage", ["missing", "truncated", "unreadable record", "other packages"])
def test_a_damaged_cache_is_filled_again(damage: str, downloads: list[Path], tmp_path: Path) -> None:
    found = jars.spark_jars(tmp_path)
    record = tmp_path / "resolved.json"
    if damage == "missing":
        found[0].unlink()
    elif damage == "truncated":
        found[0].write_text("")
    elif damage == "unreadable record":
        record.write_text("{")
    else:
        record.write_text(json.dumps({**json.loads(record.read_text()), "packages": []}))
    assert jars.spark_jars(tmp_path) == found
    assert len(downloads) == 2


def test_a_failed_download_gives_ivys_reason_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "resolving\n\t:: unresolved dependency: org.apache.hudi#hudi;1.0.2: not found\nmore"
    monkeypatch.setattr(jars, "_run_ivy", lambda *_: _answer(1, said))
    with pytest.raises(JarsError) as failure:
        jars.spark_jars(tmp_path)
    message = str(failure.value)
    assert "unresolved dependency: org.apache.hudi#hudi;1.0.2: not found. " in message
    assert "REHEARSAL_JARS may name a folder" in message
    assert "\n" not in message


def test_a_download_that_leaves_a_jar_out_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(folder: Path, packages: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        _download(folder, packages)
        next((folder / "jars").glob("*hudi*")).unlink()
        return _answer()

    monkeypatch.setattr(jars, "_run_ivy", forgetful)
    with pytest.raises(JarsError, match="could not be downloaded"):
        jars.spark_jars(tmp_path)
    assert not (tmp_path / "resolved.json").exists()


def test_the_cache_is_in_the_project_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REHEARSAL_JARS", raising=False)
    assert jars.cache_folder() == Path(jars.__file__).resolve().parent.parent / ".local" / "ivy"
    monkeypatch.setenv("REHEARSAL_JARS", str(tmp_path))
    assert jars.cache_folder() == tmp_path
