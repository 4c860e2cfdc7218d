"""Job arguments as Glue treats them: whose value wins, and what the service itself reads from them."""

import re
from collections.abc import Mapping

from rehearsal.jars import FORMATS

Arguments = Mapping[str, str]


class UnsupportedArgumentError(Exception):
    """The run asks for something that is not there on this machine."""


def merged(job: Mapping[str, Arguments], of_run: Arguments) -> dict[str, str]:
    """Return the run's arguments over the job's defaults, and the ones that a run may not change over both."""
    return {**job.get("DefaultArguments", {}), **of_run, **job.get("NonOverridableArguments", {})}


def command_line(arguments: Arguments, *, job: str, run: str) -> list[str]:
    """Return all arguments as the script finds them in sys.argv."""
    own = {"--JOB_ID": f"j_{run.removeprefix('jr_')}", "--JOB_RUN_ID": run, "--JOB_NAME": job}
    return [part for name, value in {**arguments, **own}.items() for part in (name, str(value))]


def spark_settings(arguments: Arguments) -> dict[str, str]:
    """Return the settings of --conf, which chains several in one value: `a=1 --conf b=2`."""
    chained = re.split(r"(?:^|\s+)--conf\s+", arguments.get("--conf", ""))
    return dict(setting.strip().split("=", 1) for setting in chained if "=" in setting)


def extra_python_files(arguments: Arguments) -> list[str]:
    """Return the places of --extra-py-files."""
    return [place.strip() for place in arguments.get("--extra-py-files", "").split(",") if place.strip()]


def uses_data_catalog(arguments: Arguments) -> bool:
    """Tell whether the Data Catalog is the run's metastore; Glue looks for the argument, not for its value."""
    return arguments.get("--enable-glue-datacatalog", "false").lower() != "false"


def table_formats(arguments: Arguments) -> set[str]:
    """Return the formats of --datalake-formats; one that is not available here is refused."""
    formats = {name.strip() for name in arguments.get("--datalake-formats", "").split(",") if name.strip()}
    if missing := formats - FORMATS.keys():
        available = " and ".join(FORMATS)
        raise UnsupportedArgumentError(f"--datalake-formats {', '.join(sorted(missing))}: {available} are available")
    return formats
