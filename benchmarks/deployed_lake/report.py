"""The figures of a run on a deployed lake: requests, compute, money, and the seconds of one warm table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.change_phase.workload import Workload
from benchmarks.deployed_lake.lake import FILE_MANAGER, NATIVE, PLAN
from benchmarks.deployed_lake.phases import KEPT, Phase
from benchmarks.deployed_lake.requests_made import Window
from benchmarks.deployed_lake.warm_table import Landing
from benchmarks.figures import Figures, Record
from deployment_account.odp_settings import OdpSettings
from rehearsal.demo.cost import function_usd
from scripts.idle_cost import assumptions as given
from scripts.idle_cost.pricing import PriceList

_MILLION = 1_000_000
GOAL_SECONDS = 5.0
"""In which a row of a warm small table shall be readable after its file landed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One execution over all tables: when all files had landed, were registered, and when it had ended."""

    name: str
    moments: tuple[float, float, float]
    calls: tuple[Mapping[str, float], ...]
    requests: Window

    def sum(self, figure: str) -> float:
        """Add a figure of all calls of the native function."""
        return sum(call[figure] for call in self.calls)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured of a workload."""

    workload: Workload
    executions: tuple[Measured, ...]
    landings: tuple[Landing, ...]
    phases: tuple[Phase, ...]

    def figures(self) -> Iterator[Figures]:
        """Give a table of figures for each question."""
        size = f"{self.workload.tables} tables × ({self.workload.rows:,} rows, {self.workload.changes:,} changes)"
        compute = f"A deployed lake, {size}: the native function"
        yield Figures("lake", compute, [self._compute(each) for each in self.executions], self._notes())
        requests = f"Requests for each table in the execution that applies changes, {size}"
        yield Figures("lake-requests", requests, list(self._requests(self.executions[-1])))
        title = f"What a million changes cost on AWS, {size}"
        yield Figures("lake-usd", title, list(self._money(self.executions[-1])), (_OF_MONEY,))
        warm = f"One warm table of {self.workload.rows:,} rows, seconds after its file landed"
        yield Figures("lake-warm", warm, list(self._warm()), (f"Goal: readable within {GOAL_SECONDS:.0f} s",))
        bound = f"What bounds the native function in the changes, {size}"
        yield Figures("lake-profile", bound, list(self._profile()), (_OF_PROFILE,))

    def _compute(self, of: Measured) -> Record:
        rows, changes = self.workload.tables * self.workload.rows, self.workload.tables * self.workload.changes
        cpu, landed, registered, ended = of.sum("cpu"), *of.moments
        return {
            "execution": of.name,
            "CPU s": cpu,
            "CPU s of a cold start": max(call["cpu_before"] for call in of.calls),
            "MB": max(int(call["peak_bytes"]) for call in of.calls) // _MILLION,
            "rows / CPU s": round(rows / cpu),
            "changes / CPU s": round(changes / cpu) if of is not self.executions[0] else 0,
            "seconds of the function": of.sum("seconds"),
            "landed s": landed,
            "registered s": registered,
            "ended s": ended,
        }

    def _requests(self, of: Measured) -> Iterator[Record]:
        found = of.requests.counts()
        for (function, service, operation), count in sorted(found.items(), key=lambda item: (item[0][0], -item[1])):
            yield {
                "function": function,
                "service": service,
                "operation": operation,
                "for each table": count / self.workload.tables,
            }

    def _money(self, of: Measured) -> Iterator[Record]:
        """What AWS charges for the execution, by what it is for; each line as much as for a million changes."""
        million = _MILLION / (self.workload.tables * self.workload.changes)
        prices = PriceList.read()
        memory = OdpSettings().native_memory_mb
        lines = {"native function": sum(function_usd(call["seconds"], memory) for call in of.calls)}
        for function in (NATIVE, FILE_MANAGER, PLAN):
            for price, usd in of.requests.usd(function, prices).items():
                lines[f"{function}: {prices.unit(price)}"] = usd
        files = self.workload.tables
        calls = files / given.FILES_OF_A_CALL.value
        lines["File Manager: compute"] = calls * (
            prices.usd("function_request") + given.CALL_GB_SECONDS.value * prices.usd("function_gb_second")
        )
        lines["events and queue of landed files"] = files * (
            prices.usd("s3_event") + given.FILE_QUEUE_REQUESTS.value * prices.usd("queue_request")
        )
        transitions = given.EXECUTION_TRANSITIONS.value + len(of.calls) * given.BATCH_TRANSITIONS.value
        lines["state transitions"] = transitions * prices.usd("state_transition")
        total = sum(lines.values())
        for what, usd in sorted(lines.items(), key=lambda line: -line[1]):
            yield {"what": what, "USD for a million changes": usd * million, "%": 100 * usd / total}
        yield {"what": "all", "USD for a million changes": total * million, "%": 100.0}

    def _warm(self) -> Iterator[Record]:
        for number, landing in enumerate(self.landings, 1):
            yield _moments(f"landing {number}", landing)
        names = ("registered", "committed", "readable")
        middle = Landing(*(median(getattr(landing, name) for landing in self.landings) for name in names))
        yield _moments("median", middle)

    def _profile(self) -> Iterator[Record]:
        total = sum(phase.cpu for phase in self.phases)
        for phase in self.phases:
            yield {
                "phase": phase.name,
                "CPU s": phase.cpu,
                "%": 100 * phase.cpu / total,
                "ms for each table": 1000 * phase.cpu / self.workload.tables,
            }

    def _notes(self) -> tuple[str, ...]:
        return ("Every value of every table equals what duckdb makes of the same files.",)


_OF_MONEY = (
    "Prices of docs/cost.md. The function as if it took as long on AWS; an item of the ledger as one unit, in a "
    "transaction as two; GetTable and UpdateTable of the Data Catalog, keys and logs are left out."
)
_OF_PROFILE = f"CPU seconds of all threads by Python's profiler, which makes Python code slower than it is: {KEPT}"


def _moments(name: str, landing: Landing) -> Record:
    return {
        "landing": name,
        "registered": landing.registered,
        "committed": landing.committed,
        "readable": landing.readable,
    }
