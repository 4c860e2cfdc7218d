"""Which errors of PostgreSQL are tried again, and which a person has to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from rehearsal.dms.source_errors import (
    ReplicationFailedError,
    SourceLostError,
    TableRedefinedError,
    log_is_gone,
)

_LOST = {"57P01", "57P02", "57P03", "53300", "55006"}
"""The server stops or starts, has no connection left, or the slot is still in the hands of a reader that was killed."""
_STILL_LOCKED = "55P03"
_CONNECTION_CLASS = "08"
_LOG_IS_GONE = {"42704", "55000"}
"""The slot does not exist, or the server has removed what it needs."""
_REDEFINED = {"42P01", "42703", "3F000"}
_IS_REFUSED = "28P01"
# a client learns no code of the server's while it connects
_REFUSED = ("password authentication failed", "no pg_hba.conf entry", 'role "', 'database "', "permission denied")
_FAILURES = {
    **dict.fromkeys(("42501", "28000", "28P01"), "the source refuses the user"),
    "58P01": "the source lacks test_decoding, of the package postgresql-contrib",
    "53400": "the source has no replication slot left, raise max_replication_slots",
}


@contextmanager
def told_apart() -> Iterator[None]:
    """Tell what can be tried again from what a person has to mend."""
    try:
        yield
    except psycopg.Error as error:
        raise _told(error) from error


def _told(error: psycopg.Error) -> Exception:
    code, said = error.sqlstate or "", " ".join(str(error).split())
    if not code and any(words in said for words in _REFUSED):
        code = _IS_REFUSED
    if code in _LOG_IS_GONE:
        return log_is_gone(said)
    if code in _FAILURES:
        return ReplicationFailedError(f"{_FAILURES[code]}: {said}")
    if code in _REDEFINED:
        return TableRedefinedError(said)
    if code == _STILL_LOCKED:
        return SourceLostError(f"the source makes it wait for a transaction that stays open: {said}")
    is_lost = code in _LOST or code.startswith(_CONNECTION_CLASS) or not code
    return SourceLostError(said) if is_lost and isinstance(error, psycopg.OperationalError) else error
