"""The reference model knows the source database only: it imports nothing of the product (design.md, §6)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import torture

FOLDER = Path(torture.__file__).parent
MODEL = (
    *(
        "source_table",
        "dms_files",
        "reference_model",
        "check",
        "evidence",
        "histories",
        "lake",
        "trial",
        "faults",
        "pairs",
    ),
)
PRODUCT = {"lake", "odp", "taxi", "etl_cdk", "infra_cdk", "odp_cli"}
FROM_THE_MODEL = {f"rehearsal.torture.{name}" for name in MODEL}
MAY_KNOW = {"rehearsal.source.dms"}
"""The simulated DMS, which is as far from the product as the model is."""


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            yield str(node.module)


@pytest.mark.parametrize("name", MODEL)
def test_reference_model_imports_nothing_of_the_product(name: str) -> None:
    modules = set(imported(FOLDER / f"{name}.py"))
    assert not {module for module in modules if module.split(".")[0] in PRODUCT}
    ours = {module for module in modules if module.split(".")[0] == "rehearsal"}
    assert ours <= FROM_THE_MODEL | MAY_KNOW


@pytest.mark.parametrize("module", sorted(MAY_KNOW))
def test_simulated_source_of_the_model_imports_nothing_of_the_product(module: str) -> None:
    path = FOLDER.parents[1].joinpath(*module.split(".")).with_suffix(".py")
    assert not {name for name in imported(path) if name.split(".")[0] in PRODUCT}
