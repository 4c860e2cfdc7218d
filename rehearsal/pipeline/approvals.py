"""The approvals that wait for a person now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from rehearsal.pipeline.records import new_id


@dataclass
class ApprovalRequest:
    """One question and, once somebody has answered, the answer."""

    token: str = field(default_factory=new_id)
    answered: threading.Event = field(default_factory=threading.Event)
    status: str = ""
    summary: str = ""


class Approvals:
    """Every open question, by its token."""

    _open: ClassVar[dict[str, ApprovalRequest]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    @contextmanager
    def asked(cls) -> Iterator[ApprovalRequest]:
        """Keep a question open."""
        request = ApprovalRequest()
        with cls._lock:
            cls._open[request.token] = request
        try:
            yield request
        finally:
            with cls._lock:
                cls._open.pop(request.token, None)

    @classmethod
    def answer(cls, token: str, *, status: str, summary: str) -> bool:
        """Answer a question once; False if it is not open, or no longer."""
        with cls._lock:
            request = cls._open.pop(token, None)
        if request is None:
            return False
        request.status, request.summary = status, summary
        request.answered.set()
        return True
