"""The lanes that all pictures of bars share: how high a lane is, and where its bar and words stand in it."""

LANE_HEIGHT = 24
BAR_HEIGHT = 14
AXIS_HEIGHT = 26
FONT = 12
GAP = 6


class InLane:
    """Something drawn in the lane whose upper edge is `top`."""

    __slots__ = ()
    top: float

    @property
    def y(self) -> float:
        """The bar's upper edge, in the middle of its lane."""
        return self.top + (LANE_HEIGHT - BAR_HEIGHT) / 2

    @property
    def baseline(self) -> float:
        """Where the lane's words stand."""
        return self.top + LANE_HEIGHT / 2 + FONT * 0.35
