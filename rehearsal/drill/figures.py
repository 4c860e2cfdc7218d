"""What a drill measured: files and seconds at the cut, seconds until the lake was right again, and under which lag."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass
class Figures:
    """One drill."""

    seed: int
    mode: str
    tables: int
    rows: tuple[int, ...]
    """Rows of the tables in their loads; the numbers take turns."""
    objects_delay: tuple[float, float]
    """Seconds that the replication of an object took, at least and at most."""
    items_delay: tuple[float, float]
    landed_files: int = 0
    landed_bytes: int = 0
    rpo_files: int = 0
    """Files that had landed in the primary and not arrived in the secondary when the primary was cut off."""
    rpo_seconds: float = 0.0
    """The age of the oldest of them."""
    rpo_told: int = 0
    """How many of them the secondary knew by their marks."""
    rpo_files_after_catching_up: int = 0
    written_again: int = 0
    rto_command: float = 0.0
    """From the cut until `odp failover` had ended."""
    rto_first_table: float = 0.0
    """From the cut until the first table was refreshed in the secondary."""
    rto_all_tables: float = 0.0
    """From the cut until each table was equal to the source."""
    rebuilt: list[dict[str, str | float]] = field(default_factory=list)
    """By table of the secondary: bytes that landed, and the seconds of its refreshes after the failover."""
    stale_run: str = ""
    """How the run ended that woke up with the epoch before."""
    stale_commits: int = 0
    late_replicas: int = 0
    failback_command: float = 0.0
    failback_all_tables: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each part of the drill took."""

    def save(self, file: Path) -> None:
        """Keep the figures beside those of earlier drills, as a line of JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(self), sort_keys=True) + "\n")


def show(figures: Figures, console: Console) -> None:
    """Print the figures, with what they depend on beside them."""
    lag = "objects {:g}–{:g} s, items {:g}–{:g} s".format(*figures.objects_delay, *figures.items_delay)
    table = Table("what", "figure", "under which assumption", title=f"{figures.mode} standby, seed {figures.seed}")
    rows = (
        ("RPO at the cut", f"{figures.rpo_files} files, {figures.rpo_seconds:.1f} s", f"replication took {lag}"),
        ("  of them known by name", f"{figures.rpo_told} files", "marks are items"),
        ("RPO, replication caught up", f"{figures.rpo_files_after_catching_up} files", "nothing was under way"),
        ("RTO: command ended", f"{figures.rto_command:.1f} s", "nobody hesitated; the seconds of this machine"),
        ("RTO: first table", f"{figures.rto_first_table:.1f} s", "refreshed at once, not at a cadence"),
        ("RTO: all tables equal", f"{figures.rto_all_tables:.1f} s", f"{_size(figures)}; {lag}"),
        ("files written again", f"{figures.written_again}", "by the source, same names and bytes"),
        ("late replicas", f"{figures.late_replicas}", "came when the primary was back"),
        ("commits of the stale run", f"{figures.stale_commits}", figures.stale_run),
        ("failback: command", f"{figures.failback_command:.1f} s", "waits 30 s in which nothing is missing"),
        ("failback: all tables equal", f"{figures.failback_all_tables:.1f} s", "from the command"),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    rebuilt = Table("table", "landed, MB", "refreshed in, s", title=f"refreshes of the {figures.mode} standby")
    for each in figures.rebuilt:
        rebuilt.add_row(str(each["table"]), f"{float(each['bytes']) / 1e6:.1f}", f"{float(each['seconds']):.1f}")
    console.print(rebuilt)


def _size(figures: Figures) -> str:
    return f"{figures.tables} tables, {figures.landed_bytes / 1e6:.1f} MB in {figures.landed_files} files"
