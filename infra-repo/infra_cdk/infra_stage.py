"""The infrastructure of an environment: storage, secrets, network and backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from deployment_account.revision import UNKNOWN_REVISION, Revision
from deployment_account.stages import EnvironmentStage
from infra_cdk.backup_stack import BackupStack
from infra_cdk.network_stack import NetworkStack
from infra_cdk.region_link import RegionLinkStack
from infra_cdk.secrets_stack import SecretsStack
from infra_cdk.storage_stack import StorageStack

if TYPE_CHECKING:
    from constructs import Construct


class InfraStage(EnvironmentStage):
    """The storage, the secrets, the network and, where data is protected, the backups of one environment."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        platform: Platform,
        environment: Environment,
        *,
        revision: Revision = UNKNOWN_REVISION,
    ) -> None:
        super().__init__(scope, id_, platform, environment)
        names = Names.of(platform, environment)
        self.storage = StorageStack(self, "Storage", names=names, environment=environment)
        self.secrets = SecretsStack(self, "Secrets", names=names, environment=environment, secrets=platform.secrets)
        self.network = NetworkStack(self, "Network", names=names, environment=environment)
        # it knows the bucket by its name: with an export, its change set could not be prepared and approved before the
        # storage's change set is executed
        self.network.add_stack_dependency(self.storage)
        if environment.is_protected:
            self.backup = BackupStack(self, "Backup", names=names, environment=environment)
            self.storage.add_stack_dependency(self.backup)
        if environment.is_secondary:
            self._link_regions(platform, environment, revision)

    def _link_regions(self, platform: Platform, environment: Environment, revision: Revision) -> None:
        """Both Regions' links are in the stage that is deployed last: each needs the storage of both."""
        primary = platform.environments[environment.name]
        for id_, region in (("RegionLink", environment), ("RegionLinkOfPrimary", primary)):
            link = RegionLinkStack(
                self,
                id_,
                names=Names.of(platform, region),
                environment=region,
                secrets=platform.secrets,
                revision=revision,
            )
            for stack in (self.storage, self.secrets):
                link.add_stack_dependency(stack)
