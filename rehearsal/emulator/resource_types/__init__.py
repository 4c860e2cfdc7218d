"""Resource types that our templates use and ministack does not know; every other unknown type stays refused."""

from rehearsal.emulator.resource_types import athena, backup, bucket_deployment, glue_security, network
from rehearsal.emulator.resource_types.registration import register


def install() -> None:
    """Register the types, and complete the attributes of those that ministack knows in part."""
    register(*athena.TYPES, *backup.TYPES, *network.TYPES, *glue_security.TYPES, *bucket_deployment.TYPES)
    network.complete_vpc_attributes()
    backup.complete_vault_locks()
