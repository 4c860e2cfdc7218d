"""Global tables of DynamoDB with eventual consistency (MREC): of an item's writes the last one wins, by their time.

A condition judges the Region's own copy. Items arrive each for itself, in any order, those of a transaction too.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

import copy
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.regions.network import ITEM, RegionNetwork, Shipment

Item = dict[str, Any]
Stamp = tuple[int, str]
"""When an item was written, and where: of two writes at the same time that of the later name wins, in all Regions."""
_NEVER: Stamp = (0, "")
_NO_SORT_KEY = "__no_sort__"
_GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"


class ItemReplication:
    """Sends each write of a global table to its other Regions."""

    def __init__(self, network: RegionNetwork) -> None:
        self._network = network
        self._stamps: dict[tuple[str, ...], Stamp] = {}
        self._last = 0

    def install(self) -> None:
        """Send in place of ministack, which writes into all Regions at once; make the replicas of templates."""
        patches.REPLICATE_WRITE.put(self._write)
        patches.wrap_type(_GLOBAL_TABLE, _with_replicas)
        patches.RESOURCE_HANDLERS.value[_GLOBAL_TABLE]["delete"] = partial(
            _delete_with_replicas, patches.RESOURCE_HANDLERS.value[_GLOBAL_TABLE]["delete"]
        )

    def _write(self, table: Item, _event: str, old: Item | None, new: Item | None) -> None:
        account, home = str(patches.REQUEST_ACCOUNT.value()), str(patches.REQUEST_REGION.value())
        others = [region for region in patches.REPLICA_GROUP.value(table) if region != home]
        written = new if new is not None else old
        if not others or written is None:
            return
        self._last = max(self._last + 1, time.time_ns())
        stamp, key, name = (self._last, home), _key(table, written), table["TableName"]
        self._stamps[account, home, name, *key] = stamp
        for region in others:
            arrive = partial(self._arrive, (account, region, name, *key), stamp, copy.deepcopy(new))
            self._network.send(Shipment(ITEM, "/".join((name, *key)), home, region, arrive))

    def _arrive(self, place: tuple[str, ...], stamp: Stamp, item: Item | None) -> None:
        account, region, name, *key = place
        if self._stamps.get(place, _NEVER) >= stamp:
            return  # this Region has a later write of the item
        with patches.REQUEST_SCOPE.value(account, region):
            table = patches.DYNAMODB_TABLES.value.get(name)
            if table is None:
                return
            self._stamps[place] = stamp
            hash_key, sort_key = key
            before = table["items"].get(hash_key, {}).get(sort_key)
            if item is None:
                patches.REMOVE_ITEM.value(table, hash_key, sort_key)
            else:
                patches.SET_ITEM.value(table, hash_key, sort_key, item)
            if item is not None or before is not None:
                event = "REMOVE" if item is None else ("MODIFY" if before else "INSERT")
                patches.STREAM_EVENT.value(name, event, before, copy.deepcopy(item), replicate=False)


def _key(table: Mapping[str, Any], item: Item) -> tuple[str, str]:
    value = patches.KEY_VALUE.value
    sort = value(item.get(table["sk_name"])) if table["sk_name"] else _NO_SORT_KEY
    return str(value(item.get(table["pk_name"]))), str(sort)


# Replicas in templates: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html


def _with_replicas(properties: Mapping[str, Any], make: Callable[[], Any]) -> Any:  # noqa: ANN401 - ministack has no types
    """Make and remove replicas until there are those of the template; ministack takes no notice of them."""
    home, wanted = str(patches.REQUEST_REGION.value()), {each["Region"]: each for each in properties["Replicas"]}
    if home not in wanted:
        raise ValueError(f"Replicas of {properties.get('TableName')} must include the stack's own Region, {home}")
    for region, replica in wanted.items():
        _demand_key(region, replica)
    made = make()
    table = patches.DYNAMODB_TABLES.value[made[0]]
    _protect(table, wanted[home])
    there = set(patches.REPLICA_GROUP.value(table)) or {home}
    updates = [{"Create": {"RegionName": region}} for region in wanted if region not in there]
    updates += [{"Delete": {"RegionName": region}} for region in sorted(there) if region not in wanted]
    for update in updates:
        if refusal := patches.REPLICA_UPDATES.value(made[0], table, [update]):
            raise ValueError(str(refusal[2]))
    for region, replica in wanted.items():
        if found := patches.DYNAMODB_TABLES.value.get_scoped(str(patches.REQUEST_ACCOUNT.value()), region, made[0]):
            _protect(found, replica)
    return made


def _demand_key(region: str, replica: Mapping[str, Any]) -> None:
    """A replica's own key must be in its Region before the replica is made."""
    key = (replica.get("SSESpecification") or {}).get("KMSMasterKeyId")
    if not key:
        return
    with patches.REQUEST_SCOPE.value(str(patches.REQUEST_ACCOUNT.value()), region):
        if not patches.RESOLVE_KEY.value(key):
            raise ValueError(f"KMSMasterKeyId of the replica in {region}: there is no key {key}")


def _protect(table: Item, replica: Mapping[str, Any]) -> None:
    protected = str(replica.get("DeletionProtectionEnabled", False)).lower() == "true"
    table["DeletionProtectionEnabled"] = protected


def _delete_with_replicas(delete: Callable[..., Any], name: str, properties: Mapping[str, Any]) -> Any:  # noqa: ANN401
    table = patches.DYNAMODB_TABLES.value.get(name)
    home = str(patches.REQUEST_REGION.value())
    others = [region for region in patches.REPLICA_GROUP.value(table) if region != home] if table else []
    if others:
        patches.REPLICA_UPDATES.value(name, table, [{"Delete": {"RegionName": region}} for region in others])
    return delete(name, properties)
