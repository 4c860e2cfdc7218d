"""Writes down which actions roles call and IAM allows: a test compares them with the rights that the roles have."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.role_arns import account_and_name

Evaluate = Callable[..., Any]


def install(folder: str) -> None:
    """Write down from now on what roles call, unless no folder is named."""
    if folder:
        patches.EVALUATE_IDENTITY.replace(_Record(Path(folder)).of)


class _Record:
    """One line of JSON for each role, action and resource, written once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{uuid4().hex}.jsonl"
        self._seen: set[tuple[str, ...]] = set()
        self._one_at_a_time = threading.Lock()

    def of(self, evaluate: Evaluate) -> Evaluate:
        """The same judgement, with what it allows to a role written down."""

        def evaluate_and_record(context: Any, *policies: Any) -> Any:  # noqa: ANN401 - ministack has no types
            result = evaluate(context, *policies)
            if result.decision == "Allow" and _is_role(context.principal_arn):
                _, role = account_and_name(context.principal_arn)
                self._note(role, context.action, context.resource_arn)
            return result

        return evaluate_and_record

    def _note(self, *call: str) -> None:
        with self._one_at_a_time:
            if call in self._seen:
                return
            self._seen.add(call)
            line = json.dumps(dict(zip(("role", "action", "resource"), call, strict=True)))
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _is_role(principal: str) -> bool:
    return ":role/" in principal or ":assumed-role/" in principal
