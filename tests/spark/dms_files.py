"""DMS files of the history tester, in a staging bucket in memory and in the one that Spark reads."""

from pathlib import Path

from odp.file_manager.registration import listed_object
from odp.records import LandedFile

from lake.landing.listings import ObjectVersion
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory.staging import BUCKET, StagingBucket
from rehearsal.torture.parquet_files import parquet


def put(file: DmsFile, staging: StagingBucket, buckets: Path) -> LandedFile:
    """Put a file into both buckets; gives it as a listing names it."""
    stored = staging.put(file)
    path = buckets / BUCKET / file.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(parquet(file))
    landed = listed_object(ObjectVersion(BUCKET, file.key, stored.version_id, "", stored.size, stored.landed_at))
    assert isinstance(landed, LandedFile)
    return landed
