"""Clients and resources for moto: made once, since reading a service's model takes longer than a whole test.

This holds for those that the product makes by boto3.client and boto3.resource, too, while moto answers.
"""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import moto.core  # noqa: F401 - sessions that are older than moto are not mocked
from botocore import UNSIGNED
from botocore.config import Config
from moto.core.models import botocore_stubber

import tests.cheap_moto  # noqa: F401 - spares moto work for every test that asks it

_SESSION = boto3.Session("testing", "testing", region_name="us-east-1")
_CONFIG = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg] # the stubs lack it


def _settings(service: str) -> Config:
    """Without a user agent of their own, clients build one of a hundred parts at each request.

    Moto's DynamoDB looks at no signature; its S3 does.
    """
    unsigned = {"signature_version": UNSIGNED} if service == "dynamodb" else {}
    return Config(user_agent="tests", **unsigned)


@cache
def client(service: str) -> Any:
    """Give a client that moto answers while it is active."""
    return _SESSION.client(service, config=_CONFIG.merge(_settings(service)))  # type: ignore[call-overload]


@cache
def resource(service: str) -> Any:
    """Give a resource that moto answers while it is active."""
    return _SESSION.resource(service, config=_CONFIG.merge(_settings(service)))  # type: ignore[call-overload]


def _made_once(make: Callable[..., Any]) -> Callable[..., Any]:
    """Give what was made before in the same environment for the same service, options and settings."""
    made: dict[Any, Any] = {}

    def get(service: str, **options: Any) -> Any:
        if not botocore_stubber.enabled:
            return make(service, **options)
        settings = _settings(service).merge(options.pop("config", Config()))
        variables = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        key = repr((service, options, sorted(vars(settings)["_user_provided_options"].items()), variables))
        if key not in made:
            made[key] = make(service, config=settings, **options)
        return made[key]

    return get


boto3.client = _made_once(boto3.client)
boto3.resource = _made_once(boto3.resource)
