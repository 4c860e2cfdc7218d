"""How a run of a table ended: what its failure means for the run log, and for the engine of the next refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lake.errors import BeyondEngineError, RejectedInputError, StaleRegionError, one_line
from lake.tables.capabilities import Engine
from odp.records import RawTableConfig
from odp.refresh import RefreshStatus

_DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
"""What nobody raises knowingly, and no service by its absence; most errors of Arrow are of these classes."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the run log says of a run's end; without an error it has completed."""

    error: str = ""
    stack_trace: str = ""
    beyond_engine: str = ""
    """Why the native engine leaves the next refresh to Spark."""
    comes_again: bool = False
    """Whether the next native run would probably meet this limit, too."""
    is_refused: bool = False
    is_stopped: bool = False
    """Whether the active Region changed: nothing failed, and the next plan works under the new epoch."""

    @property
    def status(self) -> RefreshStatus:
        """The status of the table after the run."""
        if self.is_stopped:
            return RefreshStatus.STOPPED
        return RefreshStatus.ERROR if self.error else RefreshStatus.COMPLETED


def ending_of(
    engine: Engine, failure: Exception | None, stack_trace: str, has_applied_all: Callable[[], bool]
) -> Ending:
    """Judge how a run ended.

    A run that failed after everything was applied has completed, because no pending file would start another run.
    A native run that leaves the rest to Spark has completed, too. One that failed by a defect of its engine has
    failed, but Spark refreshes the table next: the same call would fail again. A run that the change of the active
    Region stopped has not failed, whatever its engine.
    """
    if failure is None:
        return Ending()
    if isinstance(failure, StaleRegionError):
        return Ending(named(failure), is_stopped=True)
    # the end of memory may always come again
    comes_again = failure.comes_again if isinstance(failure, BeyondEngineError) else isinstance(failure, MemoryError)
    is_native, is_refused = engine is Engine.NATIVE, isinstance(failure, RejectedInputError)
    if is_native and isinstance(failure, BeyondEngineError | MemoryError):
        return Ending(beyond_engine=named(failure), comes_again=comes_again)
    if not is_refused and has_applied_all():
        return Ending(comes_again=comes_again)
    left = named(failure) if is_native and isinstance(failure, _DEFECTS) else ""
    return Ending(named(failure), stack_trace, left, comes_again, is_refused)


def named(error: BaseException) -> str:
    """Return the class of an error and its first line, as the run log keeps them."""
    return f"{type(error).__name__}: {one_line(error)}"[:1000]


def refuse_other_identity(config: RawTableConfig, written_with: Mapping[str, str] | None) -> None:
    """Refuse to write a table with other keys than it was filled with, even if an earlier check missed it.

    Raises:
        RejectedInputError: naming the fields.
    """
    changed = [f"{name} {value!r}" for name, value in config.differs_from(written_with).items()]
    if changed:
        message = (
            f"{config.qualified_name} holds data written with {', '.join(changed)}, but is configured otherwise now; "
            "configure it as it was"
        )
        raise RejectedInputError(message)
