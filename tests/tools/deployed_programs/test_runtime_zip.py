"""The runtime as Glue has it: one zip on the path of Python."""

import subprocess
import sys
import zipfile
from pathlib import Path

import taxi


def test_datasets_are_read_from_the_zip_that_glue_puts_on_the_path(tmp_path: Path) -> None:
    source = Path(taxi.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "runtime.zip", "w") as archive:
        for file in (*source.glob("taxi/**/*"), *source.glob("lake/**/*.py")):
            archive.write(file, file.relative_to(source))
    program = "from taxi.datasets.dataset import load_datasets as d; import taxi; print(*sorted(d()), taxi.__file__)"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(tmp_path / "runtime.zip")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.stdout.startswith(f"green yellow {tmp_path}"), ran.stderr
