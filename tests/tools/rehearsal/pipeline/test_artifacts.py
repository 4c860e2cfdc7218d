"""Artifacts hold what their patterns name, keep what is executable so, and are the same for the same files."""

from pathlib import Path

import pytest

from rehearsal.pipeline.buildspec import ArtifactSpec, collect, extract, read_file
from rehearsal.pipeline.definition import ActionFailedError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "out" / "deep").mkdir(parents=True)
    (folder / "out" / "manifest.json").write_text("{}")
    (folder / "out" / "deep" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "out" / "deep" / "run.sh").chmod(0o755)
    (folder / "README").write_text("not an artifact")
    return folder


def test_an_artifact_holds_the_files_below_its_base_and_keeps_their_modes(source: Path, tmp_path: Path) -> None:
    content = collect(ArtifactSpec(("**/*",), "out"), source)
    extract(content, tmp_path / "there")
    assert sorted(path.name for path in (tmp_path / "there").rglob("*") if path.is_file()) == [
        "manifest.json",
        "run.sh",
    ]
    assert (tmp_path / "there" / "deep" / "run.sh").stat().st_mode & 0o100
    assert read_file(content, "manifest.json", artifact="Out") == b"{}"


def test_the_same_files_make_the_same_artifact(source: Path) -> None:
    first = collect(ArtifactSpec(("**/*",), "out"), source)
    (source / "out" / "manifest.json").touch()
    assert collect(ArtifactSpec(("**/*",), "out"), source) == first


def test_a_folder_means_all_that_is_in_it_and_an_exclusion_leaves_out(source: Path, tmp_path: Path) -> None:
    extract(collect(ArtifactSpec(("out",), excluded=("**/*.json",)), source), tmp_path / "there")
    assert [path.name for path in (tmp_path / "there").rglob("*") if path.is_file()] == ["run.sh"]


@pytest.mark.parametrize(
    ("spec", "told"), [(ArtifactSpec(("*",), "nowhere"), "no folder nowhere"), (ArtifactSpec(("*.txt",)), r"\*\.txt")]
)
def test_an_artifact_without_files_fails_the_build(spec: ArtifactSpec, told: str, source: Path) -> None:
    with pytest.raises(ActionFailedError, match=told):
        collect(spec, source)


def test_a_missing_file_is_told_with_its_artifact(source: Path) -> None:
    with pytest.raises(ActionFailedError, match="artifact Out has no file lost.json"):
        read_file(collect(ArtifactSpec(("out",)), source), "lost.json", artifact="Out")
