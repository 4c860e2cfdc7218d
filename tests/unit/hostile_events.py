"""Events of new objects as somebody forges them: any value in any place."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "x" * 70_000, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def spoiling(make_event: Callable[[], Mapping[str, Any]]) -> Callable[[tuple[str, ...], Any], str]:
    """Give what writes the body of a message whose event has another value in one place."""

    def spoilt(place: tuple[str, ...], value: Any) -> str:
        event: dict[str, Any] = {**make_event(), "account": "444444444444"}
        *outer, last = place
        inner = event
        for name in outer:
            inner = inner[name]
        inner[last] = value
        return json.dumps(event)

    return spoilt
