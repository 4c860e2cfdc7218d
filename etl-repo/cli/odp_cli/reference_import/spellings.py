"""Writes values as manifests do; a value without a rule is kept, and validation names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from odp_cli.inference.target_names import identifier

IS_CADENCE = re.compile(r"[1-9]\d{0,3}_(min|hour|day)_refresh", re.ASCII)
"""What a cadence is called here, after its interval."""
_NUMBER = re.compile(r"(\d{1,9})(\.0+)?", re.ASCII)
_INTERVAL = re.compile(
    r"0*(?P<count>[1-9]\d{0,3})[ _-]*(?P<unit>m|mins?|minutes?|h|hrs?|hours?|d|days?)?([ _-]*refresh)?",
    re.ASCII | re.IGNORECASE,
)
_WORKER_TYPE = re.compile(r"[a-z]\.\w+", re.ASCII | re.IGNORECASE)
_UNITS = {"m": "min", "h": "hour", "d": "day"}
_WORDS = {"hourly": "1_hour_refresh", "daily": "1_day_refresh"}
_YES_OR_NO = {
    **dict.fromkeys(("y", "yes", "true", "1"), "Y"),
    **dict.fromkeys(("n", "no", "false", "0"), "N"),
}
_VERSIONING = {
    **dict.fromkeys(("s", "snapshot", "current snapshot", "current_snapshot"), "S"),
    **dict.fromkeys(("h", "historical", "history"), "H"),
}
_TABLE_TYPES = {"cow": "copy_on_write", "mor": "merge_on_read"}


def _cadence(value: object) -> object:
    """The reference names a cadence as it likes, this project after its interval."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return value
    if (word := re.sub(r"[ _-]*refresh$", "", text.lower())) in _WORDS:
        return _WORDS[word]
    found = _INTERVAL.fullmatch(text)
    return f"{found['count']}_{_UNITS[(found['unit'] or 'm')[0].lower()]}_refresh" if found else value


def _whole_number(value: object) -> object:
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value)):
        return int(found[1])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _one_of(spellings: Mapping[str, str]) -> Callable[[object], object]:
    return lambda value: spellings.get(str(value).lower(), value)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _worker_type(value: object) -> object:
    return value.upper() if isinstance(value, str) and _WORKER_TYPE.fullmatch(value) else value


def _table_type(value: object) -> object:
    if not isinstance(value, str):
        return value
    name = re.sub(r"[ _-]+", "_", value.lower())
    return _TABLE_TYPES.get(name, name)


def _columns(value: object) -> object:
    """Blanks beside commas go; a text with quotes is a list as manifests have it."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = ",".join(value)
    if not isinstance(value, str) or '"' in value:
        return value
    return ",".join(name.strip() for name in value.split(","))


def _catalog_name(value: object) -> object:
    return identifier(value) if isinstance(value, str) and value else value


_RULES: Mapping[str, Callable[[object], object]] = {
    "refresh_cadence": _cadence,
    "datalake_format": _lower,
    "glue_job_worker_type": _worker_type,
    "glue_job_max_workers": _whole_number,
    "refresh_tables_batch_size": _whole_number,
    "hudi_primary_key": _columns,
    "hudi_partition_key": _columns,
    "hudi_table_type": _table_type,
    "table_data_versioning_type": _one_of(_VERSIONING),
    "table_storage_type": _lower,
    "is_active": _one_of(_YES_OR_NO),
    "raw_database_name": _catalog_name,
    "raw_table_name": _catalog_name,
}


def as_manifests_spell_it(name: str, value: object) -> object:
    """Return the value of a field as manifests spell it."""
    stripped = value.strip() if isinstance(value, str) else value
    rule = _RULES.get(name)
    return rule(stripped) if rule else stripped
