"""Lines of a Glue job end up as text with the keys of the thread that logged them."""

import logging

import pytest

from lake.log_keys import add_log_keys, log_as_text, log_keys, threads_with_keys

logger = logging.getLogger("odp.some.module")


def test_a_line_of_text_has_the_keys_of_its_thread_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    level = logging.getLogger().level
    log_as_text()

    def refresh(table: str) -> None:
        logger.info("begin")
        with log_keys(table=table):
            logger.info("refreshed it")

    with log_keys(run="jr_1"), threads_with_keys(2) as threads:
        list(threads.map(refresh, ["a.b", "c.d"]))
        logger.info("all done")
    logger.info("ended")
    logging.getLogger().setLevel(level)
    lines = [line.partition("odp.some.module:")[2] for line in capsys.readouterr().err.splitlines()]
    assert sorted(lines) == [
        " ended",
        " run=jr_1 all done",
        " run=jr_1 begin",
        " run=jr_1 begin",
        " run=jr_1 table=a.b refreshed it",
        " run=jr_1 table=c.d refreshed it",
    ]


def test_an_inner_block_replaces_a_key_and_the_outer_one_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(add_log_keys)
    caplog.set_level(logging.INFO)
    with log_keys(table="outer"):
        with log_keys(table="inner"):
            logger.info("1")
        logger.info("2")
    caplog.handler.removeFilter(add_log_keys)
    assert [getattr(record, "table", "") for record in caplog.records] == ["inner", "outer"]
