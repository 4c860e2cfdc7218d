"""Threads of an emulator share clients, and each error is of the class that all of them expect."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from botocore.errorfactory import ClientExceptionsFactory

from rehearsal.emulator.account_root import root_client


def test_two_threads_that_first_ask_for_an_exception_at_once_get_the_same_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two stacks that were deployed at once each replaced a security configuration: one deployment rolled back."""
    monkeypatch.setenv("GATEWAY_PORT", "1")
    monkeypatch.setattr("rehearsal.emulator.account_root.root_secret", lambda: "secret")
    factory: Any = ClientExceptionsFactory
    make, together = factory._create_client_exceptions, Barrier(2)

    def slowly(self: ClientExceptionsFactory, model: Any) -> Any:
        time.sleep(0.05)
        return make(self, model)

    monkeypatch.setattr(factory, "_create_client_exceptions", slowly)
    root_client.cache_clear()
    client = root_client("glue", "111111111111", "us-east-1")

    def ask() -> object:
        together.wait()
        return client.exceptions.EntityNotFoundException

    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(ask) for _ in range(2)]
    root_client.cache_clear()
    classes = {each.result() for each in asked}
    assert classes == {client.exceptions.EntityNotFoundException}
