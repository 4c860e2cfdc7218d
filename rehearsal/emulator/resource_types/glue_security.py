"""Glue security configurations: ministack's Glue keeps them, its CloudFormation does not make them."""

from contextlib import suppress

from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType


def _create(properties: Properties) -> Created:
    glue, name = account_client("glue"), properties["Name"]
    # A changed configuration keeps its name, and Glue has no operation to change one.
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_security_configuration(Name=name)
    configuration = _for_api(properties["EncryptionConfiguration"])
    glue.create_security_configuration(Name=name, EncryptionConfiguration=configuration)
    return name, {}


def _for_api(configuration: Properties) -> Properties:
    """Name the parts as Glue's API does: templates have one of them in the plural."""
    return {{"S3Encryptions": "S3Encryption"}.get(name, name): value for name, value in configuration.items()}


def _delete(name: str, _: Properties) -> None:
    account_client("glue").delete_security_configuration(Name=name)


TYPES = (ResourceType("AWS::Glue::SecurityConfiguration", _create, _delete),)
