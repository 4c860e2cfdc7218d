"""How a rehearsal controls what lies between the Regions: an API of the emulator's own, for the root of an account."""

from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.json_api import Answer, ApiError, JsonApi, Operation, Request
from rehearsal.emulator.regions.border import Border, Hold
from rehearsal.emulator.regions.network import Delay, RegionNetwork
from rehearsal.emulator.roles import is_role

SERVICE, TARGET = "rehearsal", "RehearsalRegions"


def install(network: RegionNetwork, border: Border) -> None:
    """Serve the API beside the services of AWS."""
    patches.SERVICES.value[SERVICE] = RegionsApi(network, border).handle
    patches.ROUTES.value[SERVICE] = {"target_prefixes": [TARGET], "host_patterns": [], "credential_scope": SERVICE}
    patches.IAM_NAMESPACES.value[SERVICE] = SERVICE


class RegionsApi(JsonApi):
    """The operations, each named as on the wire."""

    def __init__(self, network: RegionNetwork, border: Border) -> None:
        self._network = network
        self._border = border

    async def serve(self, operation: Operation, request: Request) -> Answer:
        """Serve the root of an account alone: no role of a lake has a say in this."""
        if is_role(str(patches.CALLER_ARN.value())):
            raise ApiError("AccessDeniedException", "the Regions are in the hands of the account's root")
        return operation(request)

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "Configure": self._configure,
            "Cut": self._cut,
            "Heal": self._heal,
            "Drop": self._drop,
            "Hold": self._hold,
            "Release": self._release,
            "Describe": self._describe,
        }

    def _configure(self, request: Request) -> Answer:
        delays = {kind: Delay(*map(float, limits)) for kind, limits in request["Delays"].items()}
        self._network.configure(seed=int(request["Seed"]), delays=delays)
        return {}

    def _cut(self, request: Request) -> Answer:
        self._network.cut(request["Region"], unreachable=bool(request["Unreachable"]))
        return {}

    def _heal(self, request: Request) -> Answer:
        self._network.heal(request["Region"])
        return {}

    def _drop(self, request: Request) -> Answer:
        kind, newest = str(request.get("Kind", "")), int(request.get("Newest", 0))
        lost = self._network.drop(request["Region"], kind=kind, newest=newest)
        return {"Lost": [shipment.description for shipment in lost]}

    def _hold(self, request: Request) -> Answer:
        self._border.hold = Hold(request["Region"], request["Method"], request["About"])
        return {}

    def _release(self, _: Request) -> Answer:
        self._border.release()
        return {}

    def _describe(self, _: Request) -> Answer:
        hold: Any = self._border.hold
        return {
            "CutOff": sorted(self._network.cut_off),
            "UnderWay": [shipment.description for shipment in self._network.under_way],
            "IsHolding": bool(hold and hold.is_holding),
        }
