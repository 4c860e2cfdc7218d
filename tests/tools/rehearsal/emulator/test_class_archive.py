"""The class archive is made by one JVM, and used by those after it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.emulator.glue_runner.jvms import RECORDED, ClassArchive
from rehearsal.toolchain import Java


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a Java, a jar and no archive yet."""
    (tmp_path / "java" / "lib" / "server").mkdir(parents=True)
    (tmp_path / "java" / "lib" / "server" / "classes.jsa").touch()
    (tmp_path / "java" / "release").write_text("17.0.15")
    (tmp_path / "hudi.jar").write_text("classes")
    monkeypatch.setattr("rehearsal.emulator.glue_runner.jvms.jars.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("rehearsal.emulator.glue_runner.jvms.toolchain.java", lambda: Java(tmp_path / "java"))
    return tmp_path / "hudi.jar"


@pytest.fixture
def start_jvm(jar: Path, tmp_path: Path) -> Callable[[str], ClassArchive]:
    def start(name: str) -> ClassArchive:
        (tmp_path / name).mkdir()
        return ClassArchive.for_jvm(tmp_path / name, [jar])

    return start


def _record(jvm: ClassArchive, content: str = "parsed") -> None:
    assert jvm.recording
    jvm.recording.write_text(content)
    jvm.finish(succeeded=True)


def test_the_first_jvm_records_and_the_next_one_uses_what_it_left(
    start_jvm: Callable[[str], ClassArchive], tmp_path: Path
) -> None:
    first = start_jvm("first")
    assert first.is_recorded
    assert "-XX:+RecordDynamicDumpInfo" in first.option
    assert first.recording == tmp_path / "first" / RECORDED
    _record(first)
    second = start_jvm("second")
    assert not second.is_recorded
    (archive,) = (tmp_path / "cache").glob("*.jsa")
    assert f"-XX:SharedArchiveFile={archive}" in second.option
    assert archive.read_text() == "parsed"


def test_only_one_of_several_jvms_records(start_jvm: Callable[[str], ClassArchive]) -> None:
    first, second = start_jvm("first"), start_jvm("second")
    assert first.is_recorded
    assert (second.is_recorded, second.option) == (False, "")
    second.finish(succeeded=True)
    _record(first)


def test_a_failed_run_leaves_recording_to_the_next(start_jvm: Callable[[str], ClassArchive]) -> None:
    first = start_jvm("first")
    assert first.recording
    first.recording.write_text("half")
    first.finish(succeeded=False)
    assert start_jvm("second").is_recorded


def test_a_java_that_cannot_record_is_not_asked_again(start_jvm: Callable[[str], ClassArchive]) -> None:
    start_jvm("first").finish(succeeded=True)
    second = start_jvm("second")
    assert (second.is_recorded, second.option) == (False, "")


@pytest.mark.parametrize("changed", ["java/release", "hudi.jar"])
def test_an_archive_of_another_java_or_other_jars_is_not_used(
    changed: str, start_jvm: Callable[[str], ClassArchive], tmp_path: Path
) -> None:
    _record(start_jvm("first"))
    (tmp_path / changed).write_text("something newer")
    assert start_jvm("second").is_recorded


def test_an_archive_of_a_spark_elsewhere_is_not_used(
    start_jvm: Callable[[str], ClassArchive], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _record(start_jvm("first"))
    monkeypatch.setattr("rehearsal.jars.spark_home", lambda: tmp_path / "another clone")
    assert start_jvm("second").is_recorded


@pytest.mark.parametrize("can_make", [True, False])
def test_a_java_without_its_own_archive_gets_one_or_goes_without(
    can_make: bool, start_jvm: Callable[[str], ClassArchive], tmp_path: Path
) -> None:
    (tmp_path / "java" / "lib" / "server" / "classes.jsa").unlink()
    (tmp_path / "java" / "bin").mkdir()
    program = tmp_path / "java" / "bin" / "java"
    program.write_text(f"#!/bin/sh\nexit {0 if can_make else 1}\n")
    program.chmod(0o755)
    first = start_jvm("first")
    assert ("RecordDynamicDumpInfo" in first.option) is can_make
    assert ("SharedArchiveFile" in first.option) is can_make
    first.finish(succeeded=True)
    assert not start_jvm("second").is_recorded


def test_recording_is_kept_once_when_the_run_is_stopped_while_somebody_waits_for_its_end(
    start_jvm: Callable[[str], ClassArchive], monkeypatch: pytest.MonkeyPatch
) -> None:
    jvm = start_jvm("first")
    assert jvm.recording
    jvm.recording.write_text("parsed")
    copied: list[str] = []

    def copy(source: Path, target: Path) -> None:
        copied.append(str(source))
        jvm.finish(succeeded=False)
        Path(target).write_text("parsed")

    monkeypatch.setattr("rehearsal.emulator.glue_runner.jvms.shutil.copyfile", copy)
    jvm.finish(succeeded=True)
    assert len(copied) == 1
    assert not start_jvm("second").is_recorded
