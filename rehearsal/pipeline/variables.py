"""Variables that actions hand to later actions: `#{namespace.name}` in a configuration."""

import re
from collections.abc import Mapping

from rehearsal.pipeline.errors import ActionFailedError

Namespaces = Mapping[str, Mapping[str, str]]
_REFERENCE = re.compile(r"#\{([\w@-]+)\.([\w-]+)\}")


def resolved(configuration: Mapping[str, str], namespaces: Namespaces) -> dict[str, str]:
    """Put the values in place of every reference; one that nobody has set fails the action."""

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise ActionFailedError(f"no action before this one has set the variable {reference[0]}") from None

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}
