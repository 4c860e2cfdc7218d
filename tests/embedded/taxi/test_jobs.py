"""Both jobs as Glue runs them: the scripts and the zip, S3 and the Data Catalog under a role, and another reader."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import taxi

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import ROOT_SECRET
from rehearsal.validation.iceberg_tables import IcebergReader
from tests.embedded.iceberg import iceberg_arguments
from tests.embedded.lake.waiting import eventually

SOURCE = Path(taxi.__file__).parent.parent
FOLDER = "nyc-taxi/yellow/a b+%20/ü[1]"
HEADER = (
    "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,"
    "PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,"
    "total_amount"
)
ACTIONS = ("glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable", "s3:*")


def _csv(*trips: tuple[int, str]) -> bytes:
    lines = [
        f"2,2021-01-{day:02} 10:00:00,2021-01-{day:02} 10:12:00,1,2.1,1,N,142,43,1,{fare},3,0.5,1.25,0,0.3,13.05"
        for day, fare in trips
    ]
    return "\n".join([HEADER, *lines, ""]).encode()


@pytest.fixture
def run(
    aws: Callable[[str], Any], make_role: Callable[..., str], bucket: str, glue_log: Callable[[str], str]
) -> Callable[..., None]:
    """Run one of the flow's scripts to its good end, with the arguments that stack and state machine give it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path in SOURCE.rglob("*"):
            if path.suffix in {".py", ".json", ".sql"}:
                file.write(path, path.relative_to(SOURCE))
    aws("s3").put_object(Bucket=bucket, Key="source.zip", Body=archive.getvalue())
    role = make_role("jobs", "glue.amazonaws.com", *ACTIONS)

    def run(component: str, **arguments: str) -> None:
        script = SOURCE / "taxi" / component / "job.py"
        aws("s3").put_object(Bucket=bucket, Key=f"{component}.py", Body=script.read_bytes())
        given = {f"--{name}": value for name, value in arguments.items()}
        aws("glue").create_job(
            Name=component, Role=role, GlueVersion="5.1", Timeout=300,
            Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/{component}.py", "PythonVersion": "3"},
            DefaultArguments=iceberg_arguments(bucket) | {"--extra-py-files": f"s3://{bucket}/source.zip"} | given,
        )  # fmt: skip
        started = aws("glue").start_job_run(JobName=component)["JobRunId"]
        ended = eventually(
            lambda: aws("glue").get_job_run(JobName=component, RunId=started)["JobRun"],
            lambda found: found["JobRunState"] not in {"STARTING", "RUNNING"},
            seconds=180,
        )
        assert ended["JobRunState"] == "SUCCEEDED", glue_log(started)

    return run


def test_files_of_a_bundle_become_rows_of_both_layers_that_another_reader_finds_in_the_data_catalog(
    aws: Callable[[str], Any], account: str, bucket: str, emulator: Emulator, run: Callable[..., None]
) -> None:
    contents = {
        f"{FOLDER}/sound.csv": _csv(*[(1, "8")] * 20, (2, "x")),
        f"{FOLDER}/broken.csv": _csv((3, "8"), (3, "x")),
    }
    files = []
    for key, content in contents.items():
        etag = aws("s3").put_object(Bucket=bucket, Key=key, Body=content)["ETag"].strip('"')
        file = {"file_id": Path(key).stem, "bucket": bucket, "key": key, "etag": etag, "size": len(content)}
        files.append({**file, "landed_at": "2026-01-01T00:00:00Z"})
    bundle = {"dataset": "yellow", "execution": "execution", "number": 1, "files": files}
    aws("s3").put_object(Bucket=bucket, Key="bundles/1.json", Body=json.dumps(bundle).encode())
    for database in ("conformed", "purpose_built"):
        aws("glue").create_database(DatabaseInput={"Name": database})

    run(
        "conformed",
        bundle_bucket=bucket,
        bundle_key="bundles/1.json",
        conformed_bucket=bucket,
        conformed_database="conformed",
    )
    run(
        "purpose_built", dataset="yellow", conformed_database="conformed", purpose_built_bucket=bucket,
        purpose_built_database="purpose_built",
    )  # fmt: skip

    outcome = _read(aws, bucket, "bundles/1.outcome.json")
    outcomes = {file["file_id"]: file for file in json.loads(outcome)["files"]}
    sound, broken = outcomes["sound"], outcomes["broken"]
    assert (sound["status"], sound["rows_loaded"], sound["rows_quarantined"]) == ("loaded", 20, 1)
    assert (broken["status"], broken["rows_loaded"], broken["rows_quarantined"]) == ("failed", 0, 1)
    assert sound["quarantine"] == f"s3://{bucket}/quarantine/yellow/sound/"
    row = json.loads(_read(aws, bucket, "quarantine/yellow/sound/00000.jsonl"))
    assert (row["source_file"], row["line"], row["reason"][:16]) == (f"{FOLDER}/sound.csv", 22, "fare_amount: 'x'")
    reader = IcebergReader(emulator.endpoint, account, ROOT_SECRET)
    trips = reader.read("conformed", "yellow_trips").to_pylist()
    assert {(trip["source_file"], trip["source_version"]) for trip in trips} == {(files[0]["key"], files[0]["etag"])}
    assert len(trips) == 20
    (demand,) = reader.read("purpose_built", "yellow_daily_demand").to_pylist()
    assert (str(demand["trip_date"]), demand["pickup_zone_id"], demand["trips"]) == ("2021-01-01", 142, 20)


def _read(aws: Callable[[str], Any], bucket: str, key: str) -> str:
    return str(aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
