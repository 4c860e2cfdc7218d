"""Which tables a campaign on the deployed lake has, and by which engine."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from odp.config_manager.request import RequestContent
from odp.configuration import raw_table_config_of
from odp.records import AUTO, RawTableConfig

from rehearsal.demo import configuration
from rehearsal.torture.deployed import campaign
from rehearsal.torture.deployed.campaign import campaign as play
from rehearsal.torture.pairs import HUDI, ICEBERG

SEEDS = range(16)


class StopError(Exception):
    """The campaign has told what it would play."""


def configurations(monkeypatch: pytest.MonkeyPatch, engine: str | None) -> list[list[RawTableConfig]]:
    """What a campaign asks the Configuration Manager for, until it would begin to settle."""
    asked: list[list[RawTableConfig]] = []

    class Lake:
        def request_configuration(self, content: RequestContent) -> str:
            manifest = json.loads(content.manifests["torture.json"])
            asked.append([raw_table_config_of(entry) for entry in manifest["raw_table_configs"]])
            return "version"

    class Trial:
        def __init__(self, *_: object) -> None:
            """Takes every step."""

        def take(self, _: object) -> None:
            """Do nothing."""

        def settle(self) -> None:
            raise StopError

    def decided(*_: object) -> Any:
        return type("Decided", (), {"status": "applied"})

    monkeypatch.setattr(configuration, "wait_until_decided", decided)
    monkeypatch.setattr(campaign, "EmulatedLake", lambda *_: None)
    monkeypatch.setattr(campaign, "Trial", Trial)
    lake: Any = Lake()
    with pytest.raises(StopError):
        play(lake, SEEDS, lambda _: None, engine=engine)
    return asked


def pairs(configs: Sequence[RawTableConfig]) -> set[tuple[str, str]]:
    return {(config.table_format, config.engine) for config in configs}


def test_campaign_of_the_native_engine_has_no_other_tables_and_configures_them_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (configs,) = configurations(monkeypatch, "native")
    assert pairs(configs) == {(ICEBERG, "native")}
    assert len(configs) == len(SEEDS)


def test_campaign_without_engine_has_all_formats_and_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = configurations(monkeypatch, None)
    assert {(HUDI, "spark"), (ICEBERG, "spark"), (ICEBERG, "native")} <= pairs(first)


def test_table_of_either_engine_has_another_one_in_some_round(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = configurations(monkeypatch, AUTO)
    assert len(rounds) == campaign.ROUNDS + 1  # the last one is for the settling
    by_table = zip(*([config.engine for config in configs] for configs in rounds), strict=True)
    assert any(len(set(engines)) > 1 for engines in by_table)
    assert {engine for configs in rounds for _, engine in pairs(configs)} == {AUTO, "native", "spark"}
