"""Numbers of accounts that examples use: AWS has given them to strangers, so nobody may be let in under them."""

from __future__ import annotations

import re

_ONE_DIGIT_OR_THAT_OF_THE_DOCUMENTATION = re.compile(r"(?<!\d)(?:(\d)\1{11}|123456789012)(?!\d)")


def placeholders_in(text: str) -> list[str]:
    """The placeholder accounts that a number or an ARN names."""
    return [found[0] for found in _ONE_DIGIT_OR_THAT_OF_THE_DOCUMENTATION.finditer(text)]
