"""Which JVM a run gets, and which ones are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.emulator.glue_runner.jvms import JvmPool, SparkJvm

HUDI, ICEBERG = {"jars": "hudi.jar"}, {"jars": "iceberg.jar"}


@dataclass(eq=False)
class _Jvm:
    """Stands in for a process: what the pool asks of one and does to it."""

    folder: Path
    launch_settings: Mapping[str, str]
    may_run_again: bool = True
    runs: int = 0
    end: str = ""
    kept_recordings: int = 0

    def begin_run(self) -> None:
        self.runs += 1

    def keep_recording(self) -> None:
        self.kept_recordings += 1

    def kill(self) -> None:
        self.end = "killed"


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JvmPool:
    def started(folder: Path, launch_settings: Mapping[str, str], _environment: Mapping[str, str]) -> _Jvm:
        folder.mkdir()
        return _Jvm(folder, launch_settings)

    monkeypatch.setattr(SparkJvm, "started", started)
    return JvmPool(tmp_path, at_most=2)


@pytest.fixture
def take(pool: JvmPool) -> Callable[..., _Jvm]:
    def take_one(launch_settings: Mapping[str, str] = HUDI) -> _Jvm:
        jvm = pool.take(launch_settings, {})
        assert isinstance(jvm, _Jvm)
        return jvm

    return take_one


def test_a_jvm_that_was_given_back_is_taken_by_the_next_run_alike(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    first = take()
    pool.give_back(first)  # type: ignore[arg-type]
    assert take() is first
    assert (first.runs, first.end) == (2, "")


def test_what_a_run_recorded_is_kept_when_it_gives_its_jvm_back_and_at_no_other_time(
    pool: JvmPool, take: Callable[..., _Jvm]
) -> None:
    first, failed = take(), take()
    assert first.kept_recordings == 0
    pool.give_back(first)  # type: ignore[arg-type]
    pool.discard(failed)  # type: ignore[arg-type]
    pool.close()
    assert (first.kept_recordings, failed.kept_recordings) == (1, 0)


def test_a_jvm_that_is_in_use_is_given_to_no_other_run(take: Callable[..., _Jvm]) -> None:
    assert take() is not take()


def test_a_run_with_other_settings_gets_another_jvm(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    first = take()
    pool.give_back(first)  # type: ignore[arg-type]
    assert take(ICEBERG) is not first
    assert take() is first


def test_a_jvm_that_has_ended_meanwhile_is_taken_by_nobody(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    first = take()
    pool.give_back(first)  # type: ignore[arg-type]
    first.may_run_again = False
    assert take() is not first


def test_a_jvm_that_is_used_up_is_ended(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    jvm = take()
    jvm.may_run_again = False
    pool.give_back(jvm)  # type: ignore[arg-type]
    pool.close()
    assert (jvm.end, jvm.folder.exists()) == ("killed", False)


def test_of_too_many_jvms_the_one_that_was_not_used_for_longest_is_ended(
    pool: JvmPool, take: Callable[..., _Jvm]
) -> None:
    jvms = [take(), take(), take(ICEBERG)]
    for jvm in jvms:
        pool.give_back(jvm)  # type: ignore[arg-type]
    assert [take(ICEBERG), take()] == [jvms[2], jvms[1]]
    pool.close()
    assert [jvm.end for jvm in jvms] == ["killed", "", ""]


def test_a_closed_pool_has_ended_all_that_it_kept_and_keeps_no_more(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    kept, late = take(), take()
    pool.give_back(kept)  # type: ignore[arg-type]
    pool.close()
    assert kept.end == "killed"
    pool.give_back(late)  # type: ignore[arg-type]
    pool.close()
    assert late.end == "killed"


def test_a_discarded_jvm_is_killed_and_leaves_no_folder(pool: JvmPool, take: Callable[..., _Jvm]) -> None:
    jvm = take()
    pool.discard(jvm)  # type: ignore[arg-type]
    assert (jvm.end, jvm.folder.exists()) == ("killed", False)
