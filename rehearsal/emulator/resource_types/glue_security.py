"""Glue security configurations: ministack's Glue keeps them, its CloudFormation does not make them."""

from contextlib import suppress

from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType


def _create(properties: Properties) -> Created:
    glue, name = account_client("glue"), properties["Name"]
    # A changed configuration keeps its name, and Glue has no operation to change one.
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_security_configuration(Name=name)
    glue.create_security_configuration(Name=name, EncryptionConfiguration=properties["EncryptionConfiguration"])
    return name, {}


def _delete(name: str, _: Properties) -> None:
    account_client("glue").delete_security_configuration(Name=name)


TYPES = (ResourceType("AWS::Glue::SecurityConfiguration", _create, _delete),)
