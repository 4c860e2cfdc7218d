"""Which errors of MySQL and MariaDB are tried again, and which a person has to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
from pymysql.constants import CR, ER

from rehearsal.dms.source_errors import (
    ReplicationFailedError,
    SourceLostError,
    TableRedefinedError,
    log_is_gone,
)

_LOST = {
    CR.CR_CONNECTION_ERROR, CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN,
    ER.CON_COUNT_ERROR, 0,
}  # fmt: skip
_LOG_IS_GONE = 1236
_NO_RIGHT = {
    ER.ACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
}
_REDEFINED = {1412, ER.BAD_FIELD_ERROR, ER.NO_SUCH_TABLE}
"""The errors of a table that is altered or dropped while it is read."""


@contextmanager
def told_apart() -> Iterator[None]:
    """Tell what can be tried again from what a person has to mend."""
    try:
        yield
    except (pymysql.MySQLError, ConnectionError, TimeoutError) as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if number == _LOG_IS_GONE:
            raise log_is_gone(str(error.args[-1])) from error
        if number in _NO_RIGHT:
            raise ReplicationFailedError(f"the source refuses the user: {error.args[-1]}") from error
        if number in _REDEFINED:
            raise TableRedefinedError(str(error.args[-1])) from error
        if number in _LOST or isinstance(error, (ConnectionError, TimeoutError)):
            raise SourceLostError(str(error)) from error
        raise
