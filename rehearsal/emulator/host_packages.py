"""How this machine reaches package registries: all that a build may know of the person who started it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_")
_OF_RUNTIMES = {"python": ("PIP_", "UV_", "JSII_"), "nodejs": ("NPM_CONFIG_", "npm_config_", "JSII_")}
_CONFIGURATION_FILES = {
    "PIP_CONFIG_FILE": (".config/pip/pip.conf", ".pip/pip.conf"),
    "UV_CONFIG_FILE": (".config/uv/uv.toml",),
    "NPM_CONFIG_USERCONFIG": (".npmrc",),
}
_CACHES = {
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "NPM_CONFIG_CACHE": "npm",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "aws/jsii/package-cache",
}


def package_variables(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> dict[str, str]:
    """Give the variables by which pip, uv and npm find their registries and what was downloaded before."""
    home = home or Path(environment.get("HOME", "/"))
    caches = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    given = {name: value for name, value in environment.items() if name.startswith(_PREFIXES)}
    files = {
        variable: str(home / found[0])
        for variable, candidates in _CONFIGURATION_FILES.items()
        if (found := [each for each in candidates if (home / each).is_file()])
    }
    return {name: str(caches / folder) for name, folder in _CACHES.items()} | files | given


def variables_of_runtimes(variables: Mapping[str, str], runtimes: Iterable[str]) -> dict[str, str]:
    """Leave out the registries, and their tokens, of runtimes that a build does not name.

    A build that names none has all that its image has.
    """
    prefixes = tuple(prefix for name in runtimes for prefix in _OF_RUNTIMES.get(name, ()))
    return {name: value for name, value in variables.items() if not prefixes or name.startswith(prefixes)}
