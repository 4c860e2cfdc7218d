"""Clients and resources for moto: made once, since reading a service's model takes longer than a whole test."""

from functools import cache
from typing import Any

import boto3
import moto.core  # noqa: F401 - sessions that are older than moto are not mocked
from botocore.config import Config

import tests.unit.cheap_moto  # noqa: F401 - spares moto work for every test that asks it

_SESSION = boto3.Session("testing", "testing", region_name="us-east-1")
# without a user agent of their own, boto3's clients build one of a hundred parts at each request
_CONFIG = Config(ignore_configured_endpoint_urls=True, user_agent="tests")  # type: ignore[call-arg] # the stubs lack it


@cache
def client(service: str) -> Any:
    """Give a client that moto answers while it is active."""
    return _SESSION.client(service, config=_CONFIG)  # type: ignore[call-overload]


@cache
def resource(service: str) -> Any:
    """Give a resource that moto answers while it is active."""
    return _SESSION.resource(service, config=_CONFIG)  # type: ignore[call-overload]
