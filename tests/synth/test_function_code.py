"""What Lambda functions run: the files of the Glue jobs' package, and the packages of their own lock."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from tests.configuration import PROJECT
from tests.synth.conftest import Synthesis
from tests.synth.function_zip import function_zip
from tests.synth.synthesis import Template

LARGEST_UNZIPPED = 250 * 1024 * 1024
"""Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
AARCH64 = 183
"""The machine in the header of an ELF file (elf.h, EM_AARCH64)."""
LOCK = PROJECT / "requirements-lambda.txt"
RUNTIME = ("json_documents/", "lake/", "odp/", "taxi/")


def glue_folder(template: Template) -> Path:
    jobs = template.resources("AWS::Glue::Job").values()
    (key,) = {job["DefaultArguments"]["--extra-py-files"].rsplit("/", 1)[-1].removesuffix(".zip") for job in jobs}
    (folder,) = template.folder.parent.glob(f"asset.{key}")
    return folder


@pytest.fixture(params=["Odp", "Taxi"])
def stack(request: pytest.FixtureRequest, synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-{request.param}"]


def test_functions_run_the_very_files_of_the_jobs(stack: Template) -> None:
    folder, archive = glue_folder(stack), function_zip(stack)
    of_jobs = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    of_functions = {name: archive.read(name) for name in archive.namelist() if name.startswith(RUNTIME)}
    assert of_functions == of_jobs


def test_functions_of_both_stacks_run_one_zip(odp: Template, taxi: Template) -> None:
    assert function_zip(odp).filename == function_zip(taxi).filename


def test_all_packages_of_the_lock_are_in_the_zip_and_no_other(odp: Template) -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE))
    found = {
        match.groups() for name in function_zip(odp).namelist() if (match := re.match(r"(.+)-(.+)\.dist-info/", name))
    }
    assert {(name.replace("_", "-"), version) for name, version in found} == pinned


def test_the_zip_carries_its_lock(odp: Template) -> None:
    assert function_zip(odp).read("requirements.txt") == LOCK.read_bytes()


def test_compiled_packages_are_for_the_processor_of_the_functions(odp: Template) -> None:
    assert {tuple(each["Architectures"]) for each in odp.resources("AWS::Lambda::Function").values()} == {("arm64",)}
    archive = function_zip(odp)
    machines = {
        name: struct.unpack("<H", archive.read(name)[18:20])[0] for name in archive.namelist() if name.endswith(".so")
    }
    assert machines
    assert set(machines.values()) == {AARCH64}


def test_the_zip_is_small_enough_for_lambda_and_has_nothing_needless(odp: Template) -> None:
    archive = function_zip(odp)
    assert sum(entry.file_size for entry in archive.infolist()) < LARGEST_UNZIPPED
    needless = re.compile(r"(^|/)(tests|__pycache__|bin)/|\.pyc$|/RECORD$")
    assert [name for name in archive.namelist() if needless.search(name)] == []


def test_everyone_may_read_the_code(odp: Template) -> None:
    """Lambda unpacks it with these permissions and runs it as another user."""
    assert {entry.external_attr >> 16 & 0o444 for entry in function_zip(odp).infolist()} == {0o444}


def test_a_zip_made_again_has_the_same_bytes(odp: Template) -> None:
    """So that a synthesis of unchanged sources deploys nothing."""
    from etl_cdk.function_code import function_archive

    function_archive.cache_clear()
    assert function_archive() == Path(str(function_zip(odp).filename)).read_bytes()
