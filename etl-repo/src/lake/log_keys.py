"""What a log line is about, as keys of the line: so that all lines of one table, or of one run, are found."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

_keys: ContextVar[Mapping[str, str]] = ContextVar("log_keys", default={})  # noqa: B039 - nobody changes it


@contextmanager
def log_keys(**keys: str) -> Iterator[None]:
    """Add keys to each line that this thread logs in the block; a key of an outer block is replaced in it."""
    token = _keys.set({**_keys.get(), **keys})
    try:
        yield
    finally:
        _keys.reset(token)


def threads_with_keys(most: int) -> ThreadPoolExecutor:
    """Give threads whose lines have the keys of the thread that makes them; a thread begins with none by itself."""
    return ThreadPoolExecutor(most, initializer=_keys.set, initargs=(_keys.get(),))


def add_log_keys(record: logging.LogRecord) -> bool:
    """Give a record the keys of its thread as attributes; a filter of handlers, which drops no record."""
    for name, value in _keys.get().items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


def log_as_text() -> None:
    """Let a Glue job log lines of text, each with the keys of its thread."""
    text = "%(asctime)s %(levelname)s %(threadName)s %(name)s:%(keys)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=text)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_write_keys)


def _write_keys(record: logging.LogRecord) -> bool:
    record.keys = "".join(f" {name}={value}" for name, value in _keys.get().items())
    return True
