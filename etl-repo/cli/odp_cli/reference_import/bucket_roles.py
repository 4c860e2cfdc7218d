"""Names buckets by their roles: the reference names the bucket of one account, a manifest serves every account."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from odp_cli.reference_import.entries import ReferenceEntry, shown
from odp_cli.reference_import.import_log import ImportLog

_FIELD = "raw_database_S3_bucket"
RAW = "raw"
_SCHEME = re.compile(r"s3[an]?://")


def with_bucket_roles(
    entries: Sequence[ReferenceEntry], roles: Mapping[str, str], log: ImportLog
) -> list[ReferenceEntry]:
    """Give each table the role of its bucket; a bucket that is the only one of all tables is the raw one."""
    named = [_bucket(entry) for entry in entries if _has_bucket(entry)]
    _refuse_unnamed(roles, named, log)
    if not roles and len({*named}) == 1:
        roles = {named[0]: RAW}
    known = {RAW: RAW, **roles}
    _refuse_without_role(entries, known, log)
    return [_with_role(entry, known, log) if _has_bucket(entry) else entry for entry in entries]


def _has_bucket(entry: ReferenceEntry) -> bool:
    return entry.is_table and isinstance(entry.fields.get(_FIELD), str) and _bucket(entry) != ""


def _bucket(entry: ReferenceEntry) -> str:
    return _parts(entry)[0]


def _parts(entry: ReferenceEntry) -> tuple[str, str]:
    """The reference puts the value between s3:// and the table, so it may hold a folder."""
    bucket, _, folder = _SCHEME.sub("", str(entry.fields[_FIELD]), count=1).partition("/")
    return bucket, folder.strip("/")


def _refuse_unnamed(roles: Mapping[str, str], named: Sequence[str], log: ImportLog) -> None:
    for bucket in roles:
        if bucket not in named:
            they = ", ".join(dict.fromkeys(named)) or "none"
            log.refuse(f"--bucket {bucket}", f"no entry names this bucket; they name {they}")


def _refuse_without_role(entries: Sequence[ReferenceEntry], roles: Mapping[str, str], log: ImportLog) -> None:
    open_ones = [entry for entry in entries if _has_bucket(entry) and _bucket(entry) not in roles]
    if not open_ones:
        return
    tables = Counter(map(_bucket, open_ones))
    log.refuse(
        ", ".join(dict.fromkeys(entry.file for entry in open_ones)),
        f"{_FIELD}: {', '.join(f'{bucket} (entries: {count})' for bucket, count in tables.items())}: say which role "
        f"each bucket has: {' '.join(f'--bucket {bucket}={RAW}' for bucket in tables)}",
    )


def _with_role(entry: ReferenceEntry, roles: Mapping[str, str], log: ImportLog) -> ReferenceEntry:
    bucket, folder = _parts(entry)
    if bucket not in roles:
        return entry
    if entry.fields[_FIELD] != roles[bucket]:
        log.decide(entry.place, _FIELD, f"{shown(entry.fields[_FIELD])} became {shown(roles[bucket])}")
    if folder:
        log.leave_to_check(
            entry.place, _FIELD, f"the folder {folder!r} is left out: tables lie in the bucket by database and table"
        )
    return entry.having(raw_database_S3_bucket=roles[bucket])
