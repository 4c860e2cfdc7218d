"""Counts the requests that functions made, by service and operation, and what AWS would charge for them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.idle_cost.pricing import PriceList

Line = Mapping[str, Any]
_READS_OF_S3 = ("GET", "HEAD")
_FREE_IN_S3 = ("DELETE",)
_READS_OF_LEDGER = ("GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems")
_TWICE = 2
"""DynamoDB charges for each item of a transaction as for two."""


@dataclass(frozen=True, slots=True)
class Window:
    """The requests between two moments, of the functions by name of their sessions."""

    lines: tuple[Line, ...]
    functions: Mapping[str, str]

    @classmethod
    def read(cls, file: Path, functions: Mapping[str, str], since: float, until: float) -> "Window":
        """Read the record of the emulator."""
        lines = (json.loads(line) for line in file.read_text().splitlines())
        return cls(tuple(line for line in lines if since <= line["at"] <= until), functions)

    def counts(self) -> Counter[tuple[str, str, str]]:
        """How many requests there were of each function, service and operation."""
        return Counter(
            (self.functions[line["session"]], line["service"], line["operation"])
            for line in self.lines
            if line["session"] in self.functions
        )

    def usd(self, function: str, prices: PriceList) -> Mapping[str, float]:
        """What a function's requests cost, by price; an item counts as one unit, and twice in a transaction."""
        found: Counter[str] = Counter()
        for line in self.lines:
            if self.functions.get(line["session"]) == function:
                for price, amount in _priced(line):
                    found[price] += amount  # type: ignore[assignment]
        return {price: amount * prices.usd(price) for price, amount in found.items()}


def _priced(line: Line) -> Iterator[tuple[str, float]]:
    operation = line["operation"]
    if line["service"] == "s3" and operation not in _FREE_IN_S3:
        yield "s3_read_request" if operation in _READS_OF_S3 else "s3_write_request", 1
    if line["service"] == "dynamodb":
        price = "dynamodb_read_unit" if operation in _READS_OF_LEDGER else "dynamodb_write_unit"
        yield price, line["items"] * (_TWICE if operation.startswith("Transact") else 1)
