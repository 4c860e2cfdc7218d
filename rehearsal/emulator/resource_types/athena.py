"""Athena's named queries: ministack's Athena keeps them, its CloudFormation does not make them."""

from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType

_PROPERTIES = ("Name", "Description", "Database", "QueryString", "WorkGroup")


def _create(properties: Properties) -> Created:
    given = {name: properties[name] for name in _PROPERTIES if name in properties}
    created = account_client("athena").create_named_query(**given)["NamedQueryId"]
    return created, {"NamedQueryId": created}


def _delete(name: str, _: Properties) -> None:
    account_client("athena").delete_named_query(NamedQueryId=name)


TYPES = (ResourceType("AWS::Athena::NamedQuery", _create, _delete),)
