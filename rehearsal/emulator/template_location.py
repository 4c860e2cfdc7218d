"""CloudFormation reads a template from any bucket that its caller may read, also one of another account."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches

ObjectData = Callable[..., bytes | None]


def install() -> None:
    """Look a bucket up where it is: names of buckets are global."""
    patches.S3_OBJECT_DATA.replace(_where_the_bucket_is)


def _where_the_bucket_is(data: ObjectData) -> ObjectData:
    def object_data(bucket: str, *arguments: Any, **options: Any) -> bytes | None:  # noqa: ANN401 - handed through
        owner = patches.BUCKET_OWNER.value(bucket)
        if owner in (None, patches.REQUEST_ACCOUNT.value()):
            return data(bucket, *arguments, **options)
        with patches.REQUEST_SCOPE.value(owner, patches.REQUEST_REGION.value()):
            return data(bucket, *arguments, **options)

    return object_data
