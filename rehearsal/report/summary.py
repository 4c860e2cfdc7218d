"""The run in a terminal: what was replicated, what became of files, how long it took, and whether all is right."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rehearsal.report.model import DemoReport, TaxiReport
from rehearsal.report.timeline import amount, counted, duration
from rehearsal.validation.comparison import Reconciliation

SHOWN_DIFFERENCES = 20


def print_summary(report: DemoReport, console: Console) -> None:
    """Print steps, runs and the verdict, in that order: the verdict is what stays in view."""
    console.print(Text(report.title, style="bold"))
    console.print(steps_table(report), runs_table(report))
    if report.validation.difference_count:
        console.print(differences_table(report.validation))
    if report.taxi:
        console.print(files_table(report.taxi), taxi_verdict(report.taxi))
    console.print(verdict(report))


def steps_table(report: DemoReport) -> Table:
    """How long each step took."""
    table = _table("step", "took")
    for step in report.steps:
        table.add_row(Text(step.name), duration(step.seconds))
    table.add_section()
    table.add_row("all steps", duration(report.seconds))
    return table


def runs_table(report: DemoReport) -> Table:
    """What each engine did to the lake in each phase, and about how many USD that would cost on AWS."""
    columns = ("engine", "tables", "inserted", "updated", "deleted", "took", "USD")
    table = _table("phase", *columns)
    table.padding = (0, 0)  # narrow: it has to fit into 80 columns
    for run in report.runs:
        for engine in run.engines:
            share = run.of_engine(engine)
            tables = {table.table for table in share.tables}
            counts = (len(tables), share.inserted, share.updated, share.deleted)
            figures = (f"{count:,}" for count in counts)
            table.add_row(Text(run.name), engine, *figures, duration(share.seconds), amount(share.usd))
    return table


def differences_table(validation: Reconciliation) -> Table:
    """The first differences; the page lists more."""
    table = _table("table", "key", "column", "source", "lake", numbers=False)
    for difference, _ in zip(validation.differences, range(SHOWN_DIFFERENCES), strict=False):
        said = (difference.table, difference.key, difference.column, difference.source, difference.lake)
        table.add_row(*map(Text, said))
    return table


def files_table(taxi: TaxiReport) -> Table:
    """What became of each file of the taxi flow."""
    table = _table("taxi file", "outcome", "rows loaded", "in quarantine")
    for file in taxi.files:
        name = file.key.rsplit("/", 1)[-1]
        table.add_row(Text(name), file.status, f"{file.rows_loaded:,}", f"{file.rows_quarantined:,}")
    return table


def taxi_verdict(taxi: TaxiReport) -> Text:
    """One sentence that says whether the taxi flow's tables are what its files say."""
    if taxi.is_right:
        tables, kept = counted(len(taxi.comparisons), "purpose-built table"), counted(len(taxi.quarantined), "row")
        said = f"✓ The taxi flow is right: {taxi.trips:,} trips, {kept} in quarantine, {tables} equal to duckdb's."
        return Text(said, style="bold green")
    return Text(f"✗ The taxi flow is wrong: {'; '.join(taxi.faults)}.", style="bold red")


def verdict(report: DemoReport) -> Text:
    """One sentence that says whether the lake equals the source."""
    tables = len(report.validation.tables)
    if report.validation.has_passed:
        said = f"✓ The lake equals the source: {tables} tables, {report.lake_rows:,} rows, every value compared."
        return Text(said, style="bold green")
    if not tables:
        return Text("✗ No table was compared, so nothing is proved.", style="bold red")
    differing, places = tables - report.identical_tables, counted(report.validation.difference_count, "place")
    return Text(f"✗ {differing} of {tables} tables differ from the source, in {places}.", style="bold red")


def _table(first: str, *others: str, numbers: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    return table
