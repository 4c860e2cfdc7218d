"""The roles by which DMS writes into an environment's staging bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

_OF_PEOPLE = "aws-reserved/"
"""IAM Identity Center keeps its roles below this path."""


def _of_services_alone(roles: Sequence[str]) -> Sequence[str]:
    for role in roles:
        if role.startswith(_OF_PEOPLE):
            raise ValueError(f"{role}: people sign in by it; name the role of the DMS endpoint")
        if roles.count(role) > 1:
            raise ValueError(f"{role} is named twice")
    return roles


DmsRole = Annotated[str, Field(pattern=r"^([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", examples=["dms-landing"])]
"""A role's name, behind its path if it has one; no pattern, which would exempt whoever is named like that."""
DmsRoles = Annotated[tuple[DmsRole, ...], AfterValidator(_of_services_alone)]
