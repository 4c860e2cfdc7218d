"""What the report shows of a living source: how fresh the tables were, how fast, and how the lake grew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import altair as alt
from markupsafe import Markup

from rehearsal.report.charts import drawn
from rehearsal.report.runs import NATIVE, SPARK

COLOURS = {NATIVE: "var(--accent)", SPARK: "var(--table)"}
_WIDTH, _HEIGHT = 640, 200
_BUCKET = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class AppliedChanges:
    """The changes of one file: when the source committed the oldest of them, and when all were readable."""

    table: str
    engine: str
    committed: datetime
    """To the second, as the source's log has it."""
    readable: datetime
    rows: int

    @property
    def lag(self) -> float:
        """The seconds that the oldest change was not readable."""
        return max(0.0, (self.readable - self.committed).total_seconds())


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the tables of one engine were."""

    engine: str
    tables: int
    files: int
    rows: int
    median_lag: float
    longest_lag: float


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The changes that flowed while the lake refreshed, and the rows of the lake after each refresh."""

    changes: tuple[AppliedChanges, ...]
    growth: tuple[tuple[datetime, int], ...]

    @property
    def engines(self) -> tuple[Freshness, ...]:
        """The freshness by engine."""
        names = sorted({change.engine for change in self.changes})
        return tuple(_freshness(name, [change for change in self.changes if change.engine == name]) for name in names)

    @property
    def rows_per_second(self) -> float:
        """Changes that became readable, on average over the time in which any did."""
        if not self.changes:
            return 0.0
        seconds = (max(each.readable for each in self.changes) - min(each.committed for each in self.changes)).seconds
        return sum(each.rows for each in self.changes) / max(seconds, 1)

    @property
    def lag_over_time(self) -> Markup:
        """Each file's lag at the time when its changes were readable."""
        zero = self._zero
        points = [
            {
                "minute": (each.readable - zero).total_seconds() / 60,
                "lag": each.lag,
                "engine": each.engine,
                "says": f"{each.table} by {each.engine}: {each.rows:,} changes after {each.lag:.0f} s",
            }
            for each in self.changes
        ]
        colour = alt.Color(
            "engine:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=alt.Legend()
        )
        marks = (
            _chart(points)
            .mark_circle(size=50, opacity=0.8)
            .encode(
                x=_minutes(),
                y=alt.Y("lag:Q", title="seconds from commit to readable"),
                color=colour,
                description="says:N",
            )
        )
        return drawn(alt.LayerChart(layer=[marks], width=_WIDTH, height=_HEIGHT), "Lag of each file over time")

    @property
    def rows_over_time(self) -> Markup:
        """The rows of all tables after each refresh."""
        zero = self._zero
        points = [
            {
                "minute": max(0.0, (at - zero).total_seconds() / 60),
                "rows": rows,
                "says": f"{rows:,} rows after {(at - zero).total_seconds():.0f} s",
            }
            for at, rows in self.growth
        ]
        marks = (
            _chart(points)
            .mark_line(interpolate="step-after", color=COLOURS[NATIVE], point=True)
            .encode(
                x=_minutes(),
                y=alt.Y("rows:Q", title="rows in the lake", axis=alt.Axis(format=",d"), scale=alt.Scale(zero=False)),
                description="says:N",
            )
        )
        return drawn(alt.LayerChart(layer=[marks], width=_WIDTH, height=_HEIGHT), "Rows in the lake over time")

    @property
    def changes_over_time(self) -> Markup:
        """The changes that became readable in each ten seconds."""
        sums: dict[int, int] = {}
        for each in self.changes:
            bucket = (each.readable - self._zero) // _BUCKET
            sums[bucket] = sums.get(bucket, 0) + each.rows
        seconds = _BUCKET.total_seconds()
        bars = [
            {
                "minute": bucket * seconds / 60,
                "end": (bucket + 1) * seconds / 60,
                "rows": rows / seconds,
                "says": f"{rows / seconds:,.0f} changes a second from second {bucket * seconds:.0f} on",
            }
            for bucket, rows in sorted(sums.items())
        ]
        marks = (
            _chart(bars)
            .mark_bar(color=COLOURS[NATIVE])
            .encode(
                x=_minutes(),
                x2="end:Q",
                y=alt.Y("rows:Q", title="changes a second", axis=alt.Axis(format=",d")),
                description="says:N",
            )
        )
        return drawn(alt.LayerChart(layer=[marks], width=_WIDTH, height=_HEIGHT), "Changes a second over time")

    @property
    def _zero(self) -> datetime:
        moments = [*(at for at, _ in self.growth), *(each.committed for each in self.changes)]
        return min(moments)


def _freshness(engine: str, changes: Sequence[AppliedChanges]) -> Freshness:
    lags = [each.lag for each in changes]
    tables = len({each.table for each in changes})
    return Freshness(engine, tables, len(changes), sum(each.rows for each in changes), median(lags), max(lags))


def _minutes() -> alt.X:
    return alt.X("minute:Q", title="minutes since the first commit")


def _chart(rows: Sequence[dict[str, object]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))
