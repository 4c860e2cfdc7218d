"""What an emulator is started with, and where its run directory keeps things."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

# How this machine reaches package registries: all that a build may know of the person who started it.

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
    """Return the variables by which pip, uv and npm find their registries and what was downloaded before."""
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


LOOPBACK = "127.0.0.1"
VALIDATION = "CDK's validation of templates"
WITHOUT_VALIDATION = {"CDK_VALIDATION": "false"}
"""It takes more than half of a synthesis."""
CALLS_VARIABLE = "REHEARSAL_CALLS"
"""Names a folder in which emulators write down what roles call; without it none does."""
FOLDER_OF_FUNCTIONS = "lambda-runtime"
"""Where functions find the SDK that they have not brought."""
NETWORK_VARIABLES = (
    "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NODE_EXTRA_CA_CERTS", "NO_PROXY",
    "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_TOOL_VARIABLES = ("JAVA_HOME", "REHEARSAL_JARS", "DEFAULT_ARTIFACT_REPOSITORY")


def _cores() -> int:
    return os.cpu_count() or 1


def _folder_of_calls() -> str:
    folder = os.environ.get(CALLS_VARIABLE, "")
    return str(Path(folder).resolve()) if folder else ""


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings:
    """How one emulator runs; port 0 means any free loopback port."""

    run_directory: Path
    port: int = 0
    region: str = "us-east-1"
    glue_slots: int = field(default_factory=_cores)
    """Glue runs that run at once; further ones wait."""
    glue_cores: int = field(default_factory=_cores)
    """Cores that Spark uses in one Glue run."""
    glue_memory: str = "2g"
    """Heap of one Glue run."""
    glue_minute: float = 60.0
    """Seconds in a minute of a Glue timeout; tests shorten it."""
    glue_starts_per_second: float = 0.0
    """StartJobRun requests that Glue takes in a second from an account; 0 takes all."""
    package_variables: Mapping[str, str] = field(default_factory=package_variables, hash=False, repr=False)
    """How builds of pipelines reach package registries."""
    skipped_commands: tuple[str, ...] = ()
    """Commands of builds that are left out and named in place of it."""
    validates_templates: bool = True
    """Whether CDK validates what builds synthesise; if not, their results say so."""
    calls: str = field(default_factory=_folder_of_calls)
    """The folder in which it writes down what roles call, if there is one."""
    requests: str = ""
    """The file in which it writes down each request of each role, if there is one."""
    root_secret: str = field(default="", repr=False)
    """The secret of every account's root; the emulator draws one for each run."""
    repositories: Path = Path()
    """Where the repositories behind connections are; in the run directory by default."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "run_directory", self.run_directory.resolve())
        object.__setattr__(self, "repositories", (self.run_directory / "repositories" / self.repositories).resolve())

    @property
    def endpoint(self) -> str:
        """The address that AWS clients are pointed at."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def logs(self) -> Path:
        """Where the emulator, its Lambda functions and its Glue runs log."""
        return self.run_directory / "logs"

    @property
    def temporary(self) -> Path:
        """The only place for temporary files of the emulator and its children."""
        return self.run_directory / "tmp"

    def of_run(self, *, port: int, root_secret: str) -> "EmulatorSettings":
        """Return these settings with the port that was really taken and the secret of one run."""
        return replace(self, port=port, root_secret=root_secret)

    def to_json(self) -> str:
        """Write the settings as the one line that the launcher reads; it holds secrets, so it is no argument."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "EmulatorSettings":
        """Read the launcher's line."""
        values = json.loads(text)
        paths = {name: Path(values[name]) for name in ("run_directory", "repositories")}
        return cls(**{**values, **paths, "skipped_commands": tuple(values["skipped_commands"])})

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the emulator's process: of the host's only the tools and the network."""
        kept = {name: os.environ[name] for name in (*NETWORK_VARIABLES, *_TOOL_VARIABLES) if name in os.environ}
        return kept | {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.temporary),
            "TMPDIR": str(self.temporary),
            "AWS_EC2_METADATA_DISABLED": "true",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_REGION": self.region,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.temporary}/no-docker",
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.run_directory / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.run_directory / "s3"),
        }
