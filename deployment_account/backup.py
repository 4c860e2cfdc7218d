"""How the data of a protected environment is backed up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deployment_account.model import Model

SHORTEST_DAYS = 7
"""The locked vault takes no recovery point that lasts less: a plan of one day would empty it."""
VaultArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_-]{2,50}$",
        examples=["arn:aws:backup:us-west-2:999999999999:backup-vault:odp-prod-copies"],
    ),
]


class BackupSettings(Model):
    """Daily backups of buckets and DynamoDB tables in a vault that is locked."""

    keep_days: Annotated[int, Field(strict=True, ge=SHORTEST_DAYS, le=3653)] = 35
    """How long each day's backup lasts, here and where it is copied to."""
    lock_after_days: Annotated[int, Field(strict=True, ge=3, le=365)] = 14
    """For how long after the vault is made its lock can still be taken off; afterwards nobody can, not even AWS."""
    copy_to: VaultArn | None = None
    """A vault in another account or Region, made there by its owners, which each backup is copied to."""

    @property
    def copy_place(self) -> tuple[str, str] | None:
        """Account and Region of the vault that backups are copied to."""
        if self.copy_to is None:
            return None
        _, _, _, region, account, *_ = self.copy_to.split(":")
        return account, region
