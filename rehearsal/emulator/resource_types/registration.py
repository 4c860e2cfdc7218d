"""How a resource type is added to ministack's CloudFormation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator import seams

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class ResourceType:
    """A type by its two operations; a changed resource is created anew and the old one deleted, as in a replacement."""

    name: str
    create: Callable[[Properties], Created]
    delete: Callable[[str, Properties], None]

    def handlers(self) -> dict[str, Callable[..., Any]]:
        """Return the operations as ministack calls them."""
        return {"create": self._create, "delete": self.delete}

    def _create(self, _logical_id: str, properties: Properties, _stack: str) -> Created:
        return self.create(properties)


def register(*types: ResourceType) -> None:
    """Add the types; one that ministack has come to know itself is an extension too many."""
    known = seams.RESOURCE_HANDLERS.value
    if superfluous := [added.name for added in types if added.name in known]:
        raise seams.UnsupportedEmulatorError(f"ministack has {', '.join(superfluous)} itself now: remove the extension")
    known.update({added.name: added.handlers() for added in types})
    names = {added.name for added in types}
    # The operations call the emulator over the wire, which the thread that serves must not wait for.
    seams.RUNS_ON_WORKER_THREAD.replace(lambda asks: lambda name: name in names or asks(name))
