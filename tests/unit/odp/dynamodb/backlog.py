"""Many pending files at once: moto copies every table for each transaction that registers one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from odp.dynamodb.file_tracker import pending_item
from odp.dynamodb.planning import summary_update

if TYPE_CHECKING:
    from odp.records import LandedFile
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource


def put_pending(dynamodb: DynamoDBServiceResource, files: Sequence[LandedFile]) -> None:
    """Leave what registering files of one table leaves."""
    with dynamodb.Table("files").batch_writer() as writer:
        for file in files:
            writer.put_item(Item=pending_item(file))
    dynamodb.meta.client.update_item(**summary_update("files", files, registered=True)["Update"])
