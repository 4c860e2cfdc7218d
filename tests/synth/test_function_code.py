"""What Lambda functions run: the files of the Glue jobs' package, and the packages of their own lock."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from etl_cdk.function_code import FUNCTIONS, NATIVE, SOURCE, FunctionCode, PackageTooLargeError, function_archive

from deployment_account.locked_packages import installed
from rehearsal.emulator.lambda_functions import OF_RUNTIME
from tests.configuration import PROJECT
from tests.synth.conftest import Synthesis
from tests.synth.function_zip import function_zip
from tests.synth.synthesis import Template

LARGEST_UNZIPPED = 250 * 1024 * 1024
"""Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
AARCH64 = 183
"""The machine in the header of an ELF file (elf.h, EM_AARCH64)."""
RUNTIME = ("json_documents/", "lake/", "odp/", "taxi/")
MERGE = PROJECT / "tests" / "synth" / "merge_natively.py"


def glue_folder(template: Template) -> Path:
    jobs = template.resources("AWS::Glue::Job").values()
    (key,) = {job["DefaultArguments"]["--extra-py-files"].rsplit("/", 1)[-1].removesuffix(".zip") for job in jobs}
    (folder,) = template.folder.parent.glob(f"asset.{key}")
    return folder


ZIPS = {"python3.11": "requirements-lambda.txt", "python3.13": "requirements-native.txt"}
"""The lock of the packages in each zip, by the runtime of its functions."""


@pytest.fixture(params=["Odp", "Taxi"])
def stack(request: pytest.FixtureRequest, synthesis: Synthesis, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-etl-{request.param}"]


@pytest.fixture(params=ZIPS)
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lock(runtime: str) -> bytes:
    return (PROJECT / ZIPS[runtime]).read_bytes()


@pytest.fixture
def archive(odp: Template, runtime: str) -> zipfile.ZipFile:
    return function_zip(odp, runtime)


def runtime_in(archive: zipfile.ZipFile) -> dict[str, bytes]:
    return {name: archive.read(name) for name in archive.namelist() if name.startswith(RUNTIME)}


def test_functions_run_the_very_files_of_the_jobs(stack: Template) -> None:
    folder = glue_folder(stack)
    of_jobs = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert runtime_in(function_zip(stack)) == of_jobs


def test_functions_of_both_stacks_run_one_zip(odp: Template, taxi: Template) -> None:
    assert function_zip(odp).filename == function_zip(taxi).filename


def test_the_function_without_a_jvm_has_the_files_of_all_others_and_is_of_odp_alone(
    odp: Template, taxi: Template
) -> None:
    assert runtime_in(function_zip(odp, "python3.13")) == runtime_in(function_zip(odp))
    assert {each["Runtime"] for each in taxi.resources("AWS::Lambda::Function").values()} == {"python3.11"}


def test_all_packages_of_the_lock_are_in_the_zip_and_no_other(archive: zipfile.ZipFile, lock: bytes) -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock.decode(), re.MULTILINE))
    found = {match.groups() for name in archive.namelist() if (match := re.match(r"(.+)-(.+)\.dist-info/", name))}
    assert {(name.replace("_", "-").lower(), version) for name, version in found} == pinned


def test_the_zip_carries_its_lock(archive: zipfile.ZipFile, lock: bytes) -> None:
    assert archive.read("requirements.txt") == lock


def test_no_name_is_in_a_zip_twice(archive: zipfile.ZipFile) -> None:
    assert len(archive.namelist()) == len(set(archive.namelist()))


def test_compiled_packages_are_for_the_processor_of_the_functions(odp: Template, archive: zipfile.ZipFile) -> None:
    assert {tuple(each["Architectures"]) for each in odp.resources("AWS::Lambda::Function").values()} == {("arm64",)}
    compiled = [name for name in archive.namelist() if re.search(r"\.so(\.\d+)?$", name)]
    assert compiled
    assert {struct.unpack("<H", archive.read(name)[18:20])[0] for name in compiled} == {AARCH64}


def test_compiled_packages_are_for_the_python_of_the_functions(archive: zipfile.ZipFile, runtime: str) -> None:
    version = runtime.removeprefix("python").replace(".", "")
    assert {found[1] for name in archive.namelist() if (found := re.search(r"cpython-(\d+)-", name))} == {version}


def test_the_zip_is_small_enough_for_lambda_and_has_nothing_needless(archive: zipfile.ZipFile) -> None:
    assert sum(entry.file_size for entry in archive.infolist()) < LARGEST_UNZIPPED
    needless = re.compile(r"(^|/)(tests|__pycache__|bin)/|\.pyc$|/RECORD$")
    assert [name for name in archive.namelist() if needless.search(name)] == []


def test_everyone_may_read_the_code(archive: zipfile.ZipFile) -> None:
    """Lambda unpacks it with these permissions and runs it as another user."""
    assert {entry.external_attr >> 16 & 0o444 for entry in archive.infolist()} == {0o444}


@pytest.mark.parametrize("code", [FUNCTIONS, NATIVE], ids=["functions", "native"])
def test_a_zip_made_again_has_the_same_bytes(odp: Template, code: FunctionCode) -> None:
    """So that a synthesis of unchanged sources deploys nothing."""
    function_archive.cache_clear()
    synthesised = Path(str(function_zip(odp, f"python{code.python}").filename))
    assert function_archive(code) == synthesised.read_bytes()


def test_a_zip_beyond_the_limit_is_refused_with_its_largest_parts_and_what_to_do() -> None:
    with pytest.raises(PackageTooLargeError) as refused:
        function_archive(FUNCTIONS, largest=1_000_000)
    message = str(refused.value)
    assert re.match(
        r"functions\.zip, code of Lambda functions, is \d+\.\d MB unzipped, and Lambda takes 1\.0 MB: \w+ \d\.\d MB, ",
        message,
    )
    assert "requirements-lambda.txt in pyproject.toml" in message
    assert "run make lock" in message


def test_the_native_engine_imports_nothing_that_its_zip_leaves_out(tmp_path: Path) -> None:
    """Its packages for this machine without the same files, the runtime, and what Lambda has: a merge takes no more."""
    unused = re.compile(NATIVE.left_out)
    folder = installed(NATIVE.lock)
    for path in folder.rglob("*"):
        copied = tmp_path / path.relative_to(folder)
        if path.is_file() and not unused.search(path.relative_to(folder).as_posix()):
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
    for name in OF_RUNTIME:
        (found,) = (path for path in Path(boto3.__file__).parents[1].glob(f"{name}*") if path.stem == name)
        if not (tmp_path / found.name).exists():
            (tmp_path / found.name).symlink_to(found)
    done = subprocess.run(
        [sys.executable, "-S", str(MERGE), str(tmp_path / "lake")],
        env={"PYTHONPATH": f"{tmp_path}:{SOURCE}", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[(1, 'a'), (2, 'x')]\n"), done.stderr
