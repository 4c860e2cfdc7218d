"""Keeps a lease alive while its table is being refreshed."""

from __future__ import annotations

import logging
import threading
from contextvars import copy_context
from types import TracebackType

from lake.errors import LeaseLostError, StaleRegionError
from odp.ports import TableLeases
from odp.refresh import Lease

logger = logging.getLogger(__name__)


class LeaseHeartbeat:
    """Renews a lease in the background; once it is lost or its epoch over, the renewing ends and `check` raises."""

    def __init__(self, lease: Lease, leases: TableLeases, *, seconds: float) -> None:
        self._lease = lease
        self._leases = leases
        self._seconds = seconds
        self._ended = threading.Event()
        self._lost: LeaseLostError | StaleRegionError | None = None
        renew = copy_context().run  # its lines have the keys of the refresh
        self._thread = threading.Thread(
            target=renew, args=[self._renew_until_ended], name=f"lease-{lease.qualified_name}", daemon=True
        )

    def __enter__(self) -> LeaseHeartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Renew now, so the next step begins with a full lease.

        Raises:
            LeaseLostError: another run took the table over.
            StaleRegionError: the active Region changed.
        """
        if self._lost is not None:
            raise self._lost
        self._leases.renew(self._lease)

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self._leases.renew(self._lease)
            except (LeaseLostError, StaleRegionError) as error:
                self._lost = error
                return
            except Exception:  # the lease outlives several missed heartbeats, and `check` has the last word
                logger.exception("could not renew the lease of %s; trying again", self._lease.qualified_name)
