"""Rights that no embedded tier uses, each with the reason why a role has it all the same."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from tests.rights.granted import Right

COMPARED = "for what comes late, twice or not at all; tests/synth/test_called_actions.py compares it with the code"
STOPPED = "an execution that is stopped stops its runs; whether one is under way then differs from run to run"
METASTORE = "AWS's metastore client calls it inside Glue; here calls of our own copy the catalog, and need less"
WAITED = "for files that lay there for 15 minutes, and none does; tests/synth/test_taxi_permissions.py compares it"
UPLOADS = "S3A and Arrow give up an upload in parts that fails; none fails here"
EXPIRED = "commits delete files that no snapshot has had for a day; no table is as old here"
MISSING = "without it S3 answers 403, not 404, for an object that is missing; none is"
UNDONE = "Iceberg deletes the files of a commit that failed; none fails here"
PLACE = "Iceberg asks for the place of a table that is made without one; the open build was not seen to ask"


class Reason(NamedTuple):
    """Why rights that these patterns name stay, although nothing was seen to use them."""

    role: str
    action: str
    resource: str
    because: str

    def covers(self, right: Right) -> bool:
        """Whether it is about a right."""
        return all(fnmatchcase(value, pattern) for value, pattern in zip(right, self[:3], strict=True))


BY_SERVICES = [
    Reason("*", "kms:*", "*", "S3, DynamoDB, SQS and SNS ask KMS in the caller's name; the emulator's do not"),
    Reason(
        "*", "logs:*", "*", "Lambda, Glue and Step Functions write logs with the role; the emulator's do it unasked"
    ),
    Reason("*WorkflowRole*", "xray:*", "*", "Step Functions sends traces; the emulator makes none"),
    Reason("*HandlerRole*", "sqs:*", "*", "Lambda polls the queue with the role; the emulator's does it unasked"),
    Reason("*SchedulesRole*", "states:StartExecution", "*", "the emulator's schedules start executions unasked"),
    Reason("*SchedulesRole*", "sqs:SendMessage", "*", "EventBridge Scheduler keeps what it could not start with it"),
    Reason("*WorkflowRole*", "glue:GetJobRuns", "*", "Step Functions may list runs; the emulator's asks for the one"),
    Reason("*FlowWorkflowRole*", "sns:Publish", "*", "the emulator's Step Functions publishes unasked"),
    Reason(
        "*FlowWorkflowRole*", "states:StartExecution", "*", "one execution hands over to the next after 25,000 events"
    ),
    Reason("*WorkflowRole*", "glue:BatchStopJobRun", "*", STOPPED),
]
"""What services of AWS call with a role, which the emulator's do otherwise."""
_ODP_JOBS = "*FileProcessorJobsRole*"
_NATIVE = "*FileProcessorNativeRole*"
_PARTITIONS = ("BatchDelete", "BatchGet", "BatchUpdate", "Create", "Delete", "Get", "Update")
_CATALOG = ("DeleteTable", "GetDatabases", "GetTables", "UpdateDatabase")
BY_CODE = [
    *(Reason(_ODP_JOBS, f"glue:{verb}Partition", "*", METASTORE) for verb in _PARTITIONS),
    *(Reason(_ODP_JOBS, f"glue:{action}", "*", METASTORE) for action in _CATALOG),
    Reason(_ODP_JOBS, "dynamodb:PutItem", "*/odpf_file_tracker", COMPARED),
    Reason(_ODP_JOBS, "dynamodb:ConditionCheckItem", "*/odpf_file_tracker_history", COMPARED),
    Reason(_ODP_JOBS, "dynamodb:ConditionCheckItem", "*/odpf_file_processing_tracker", COMPARED),
    Reason(_ODP_JOBS, "dynamodb:BatchGetItem", "*/odpf_quarantine", COMPARED),
    Reason(_ODP_JOBS, "dynamodb:BatchGetItem", "*/odpf_file_tracker", COMPARED),
    Reason(_ODP_JOBS, "s3:GetObjectVersion", "*", COMPARED),
    Reason(_NATIVE, "dynamodb:PutItem", "*/odpf_file_tracker", COMPARED),
    Reason(_NATIVE, "dynamodb:ConditionCheckItem", "*/odpf_file_tracker_history", COMPARED),
    Reason(_NATIVE, "dynamodb:ConditionCheckItem", "*/odpf_file_processing_tracker", COMPARED),
    Reason(_NATIVE, "dynamodb:BatchGetItem", "*/odpf_quarantine", COMPARED),
    Reason(_NATIVE, "dynamodb:BatchGetItem", "*/odpf_file_tracker", COMPARED),
    Reason(_NATIVE, "dynamodb:PutItem", "*/odpf_quarantine", COMPARED),
    Reason(_NATIVE, "s3:ListBucket", "*", MISSING),
    Reason(_NATIVE, "s3:AbortMultipartUpload", "*", UPLOADS),
    Reason(_NATIVE, "s3:DeleteObject", "*", EXPIRED),
    Reason("*LandingSweepRole*", "dynamodb:BatchGetItem", "*/taxi_audit", WAITED),
    Reason(_ODP_JOBS, "s3:AbortMultipartUpload", "*", UPLOADS),
    Reason("*SweepRole*", "dynamodb:Scan", "*/odpf_file_tracker*", COMPARED),
    Reason("*SweepRole*", "dynamodb:DeleteItem", "*/odpf_file_tracker", COMPARED),
    Reason("*SweepRole*", "dynamodb:BatchGetItem", "*/odpf_file_processing_tracker", COMPARED),
    Reason("*SweepRole*", "dynamodb:PutItem", "*/odpf_config_deploy_tracker", COMPARED),
    Reason("*ConfigManagerHandlerRole*", "dynamodb:DeleteItem", "*/odpf_batch_config", COMPARED),
    Reason("*ConfigManagerHandlerRole*", "s3:ListBucket", "*", MISSING),
    Reason("*FlowBundlesRole*", "s3:ListBucket", "*", MISSING),
    Reason("*FlowJobsPurposeBuiltRole*", "s3:ListBucket", "*", MISSING),
    Reason("*FlowJobs*Role*", "s3:AbortMultipartUpload", "*", UPLOADS),
    Reason("*FlowJobs*Role*", "s3:DeleteObject", "*", UNDONE),
    Reason("*FlowJobs*Role*", "glue:GetDatabase", "*", PLACE),
]
"""What our code, Spark and the table formats call where something goes wrong, or in Glue's builds alone."""
NEVER_CALLED = [*BY_SERVICES, *BY_CODE]
