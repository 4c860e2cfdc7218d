"""Finds from a test's source whether it compares something that the product did."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OF_THE_PRODUCT = frozenset(
    [
        "benchmarks",
        "deployment_account",
        "etl_cdk",
        "infra_cdk",
        "lake",
        "odp",
        "odp_cli",
        "region_link",
        "rehearsal",
        "scripts",
        "taxi",
    ]
)
Function = ast.FunctionDef


@dataclass(frozen=True)
class TestModule:
    """A module of tests, with the names of the fixtures that any module of the tests defines."""

    __test__ = False  # a class of its own, which pytest is not to collect
    tree: ast.Module
    fixtures: frozenset[str]

    def functions(self) -> dict[str, Function]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def tests(self) -> list[Function]:
        return [function for name, function in self.functions().items() if name.startswith("test_")]


def read_modules(paths: Iterable[Path]) -> list[TestModule]:
    """Parse modules of tests; each may use the fixtures of all."""
    trees = [ast.parse(path.read_text()) for path in paths]
    fixtures = frozenset(name for tree in trees for name in _fixtures(tree))
    return [TestModule(tree, fixtures) for tree in trees]


def is_checking(module: TestModule, test: Function) -> bool:
    """A test checks if it, or a function that it calls, asserts about what product code answered or raised."""
    product = _product_names(module)
    seen = product | {each.arg for each in test.args.args if each.arg in module.fixtures}
    return any(_is_about(claim, seen | _assigned(test, seen)) for claim in _claims(test)) or any(
        _asserts(module, name, seen=frozenset()) and _is_about(call, seen | _assigned(test, seen))
        for call, name in _calls(test)
    )


@cache
def _product_names(module: TestModule) -> set[str]:
    """Names by which a module reaches the product: its imports, other tests' code, and what it builds of these."""
    names = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(module.tree)
        for alias, package in _imports(node)
        if package.split(".")[0] in OF_THE_PRODUCT | {"tests"}
    }
    while found := {name for node in module.tree.body for name in _defined(node) if _is_about(node, names)} - names:
        names |= found
    return names


def _imports(node: ast.AST) -> Iterator[tuple[ast.alias, str]]:
    match node:
        case ast.ImportFrom(module=str(package), names=aliases):
            yield from ((alias, package) for alias in aliases)
        case ast.Import(names=aliases):
            yield from ((alias, alias.name) for alias in aliases)


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) if not name.startswith("test_"):
            yield name
        case ast.ClassDef(name=name):
            yield name
        case ast.Assign() | ast.AnnAssign():
            yield from _stored(node)


def _stored(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _is_about(node: ast.AST, names: Collection[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def _assigned(test: Function, seen: Collection[str]) -> set[str]:
    """Variables of a test whose value comes from what it has seen."""
    found: set[str] = set()
    while more := {name for node in ast.walk(test) for name in _bound(node, {*seen, *found})} - found:
        found |= more
    return found


def _bound(node: ast.AST, names: Collection[str]) -> Iterator[str]:
    match node:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) | ast.AugAssign(value=value):
            is_about = _is_about(value, names)
        case ast.NamedExpr(value=value) | ast.withitem(context_expr=value):
            is_about = _is_about(value, names)
        case ast.For(iter=value) | ast.comprehension(iter=value):
            is_about = _is_about(value, names)
        case ast.FunctionDef(name=name):
            if _is_about(node, names):
                yield name
            return
        case _:
            return
    if is_about:
        yield from _stored(node)


def _claims(test: Function) -> Iterator[ast.AST]:
    """Parts of a test that fail it: asserted expressions, and blocks that have to raise."""
    for node in ast.walk(test):
        match node:
            case ast.Assert(test=claim):
                yield claim
            case ast.With(items=items, body=body) if any("raises" in _called(each.context_expr) for each in items):
                yield ast.Module(body=list(body), type_ignores=[])


def _called(node: ast.expr) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _calls(test: Function) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node, node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def _asserts(module: TestModule, name: str, *, seen: frozenset[str]) -> bool:
    """A function of the module that fails by itself, or one from elsewhere that is named so."""
    function = module.functions().get(name)
    if function is None or name in seen:
        return function is None and name.startswith("assert_")
    return any(_claims(function)) or any(_asserts(module, each, seen=seen | {name}) for _, each in _calls(function))


def _fixtures(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_fixture(node.decorator_list):
            yield node.name


def _is_fixture(decorators: Sequence[ast.expr]) -> bool:
    return any("pytest.fixture" in ast.unparse(each) for each in decorators)
