"""What can go wrong at the source: what is tried again, and what a person has to mend."""


class ReplicationFailedError(Exception):
    """The replication stops: a person has to do something."""


class ReloadRefusedError(ReplicationFailedError):
    """One table cannot be loaded again on its own."""


class SourceLostError(Exception):
    """The source does not answer; it is tried again."""


class TableRedefinedError(Exception):
    """A table was altered or dropped while it was read."""


def log_is_gone(said: str) -> ReplicationFailedError:
    """The failure of a replication whose source has removed what was not read."""
    return ReplicationFailedError(
        f"the source no longer has the log from where the replication stopped ({said}): load all "
        "tables again (reload-target), and let the source keep its log for 24 hours or more"
    )
