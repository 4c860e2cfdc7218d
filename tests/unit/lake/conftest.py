"""The core's adapters are tested on the tables of ODP, in moto."""

from tests.unit.odp.conftest import dynamodb

__all__ = ["dynamodb"]
