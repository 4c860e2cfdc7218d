"""How a resource type is added to ministack's CloudFormation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator import ministack_patches as patches

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class ResourceType:
    """A type by its operations; without `update`, a changed resource is replaced by a new one."""

    name: str
    create: Callable[[Properties], Created]
    delete: Callable[[str, Properties], None]
    update: Callable[[str, Properties], Created] | None = None

    def handlers(self) -> dict[str, Callable[..., Any]]:
        """Return the operations as ministack calls them."""
        operations: dict[str, Callable[..., Any]] = {"create": self._create, "delete": self.delete}
        return operations | ({"update": self._update} if self.update else {})

    def _create(self, _logical_id: str, properties: Properties, _stack: str) -> Created:
        return self.create(properties)

    def _update(self, physical_id: str, _old: Properties, properties: Properties, _stack: str) -> Created:
        if self.update is None:
            raise TypeError(f"{self.name} has no update")
        return self.update(physical_id, properties)


def register(*types: ResourceType) -> None:
    """Add the types; one that ministack has come to know itself is an extension too many."""
    known = patches.RESOURCE_HANDLERS.value
    if superfluous := [added.name for added in types if added.name in known]:
        raise patches.UnsupportedEmulatorError(
            f"ministack has {', '.join(superfluous)} itself now: remove the extension"
        )
    known.update({added.name: added.handlers() for added in types})
    names = {added.name for added in types}
    # The operations call the emulator over the wire, which the thread that serves must not wait for.
    patches.RUNS_ON_WORKER_THREAD.replace(lambda asks: lambda name: name in names or asks(name))
