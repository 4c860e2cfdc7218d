"""How a command must end that cannot do its work."""

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

RunDemo = Callable[..., Result]


def fails_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def assert_clear(result: Result, message: str, exit_code: int = 1) -> None:
    assert result.exit_code == exit_code, result.output
    assert result.output.splitlines()[-1].startswith("Failed: " if exit_code == 1 else "Interrupted")
    assert message in result.output
    assert "Traceback" not in result.output


def assert_nothing_left(folder: Path) -> None:
    assert not (folder / "lake").exists()
    assert not (folder / "report.html").exists()
