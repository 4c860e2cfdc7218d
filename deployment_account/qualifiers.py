"""Which bootstrap of CDK is an environment's: its qualifier stands in the names of all that the bootstrap makes."""

from __future__ import annotations

import hashlib

LONGEST_QUALIFIER = 10
"""CDK's limit; it takes letters, digits, _ and -."""


def qualifier_of(platform: str, environment: str) -> str:
    """The two names together where that fits; else their beginning and the beginning of a hash of both."""
    together = platform + environment
    if "-" not in together and len(together) <= LONGEST_QUALIFIER:
        return together
    digest = hashlib.sha256(f"{platform}-{environment}".encode()).hexdigest()
    beginning = together.replace("-", "")[:4]
    return beginning + digest[: LONGEST_QUALIFIER - len(beginning)]


def bootstrap_role(qualifier: str, which: str, account: str, region: str) -> str:
    """The name of a role that a bootstrap makes: deploy, lookup, cfn-exec, file-publishing, image-publishing."""
    return f"cdk-{qualifier}-{which}-role-{account}-{region}"
