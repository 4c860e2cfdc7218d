"""Every private name of ministack that this project touches: nothing else in it may name one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from typing import Any

SUPPORTED_VERSION = "1.5.33"


class UnsupportedEmulatorError(Exception):
    """The installed ministack is not the one whose seams are known."""


def require_supported_version() -> None:
    """Refuse any ministack but the one that the seams were checked against."""
    installed = metadata.version("ministack")
    if installed != SUPPORTED_VERSION:
        raise UnsupportedEmulatorError(
            f"ministack {installed} is installed, but its extensions were checked against {SUPPORTED_VERSION} only: "
            f"install that one, or run tests/embedded/emulator against {installed} and move SUPPORTED_VERSION"
        )


@dataclass(frozen=True)
class Seam:
    """One name in one of ministack's modules."""

    module: str
    name: str

    @property
    def value(self) -> Any:  # noqa: ANN401 - ministack has no types
        """What ministack has under this name now."""
        found: Any = import_module(f"ministack.{self.module}")
        for part in self.name.split("."):
            found = getattr(found, part)
        return found

    def put(self, replacement: object) -> None:
        """Let ministack have something else under this name."""
        owner: Any = import_module(f"ministack.{self.module}")
        *path, last = self.name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, replacement)

    def wrap(self, around: Callable[..., Any]) -> None:
        """Let ministack call `around` instead, which gets the function that was there, then the arguments."""
        self.put(_wrapped(self.value, around))


def wrap_type(type_: str, around: Callable[[Any, Callable[[], Any]], Any]) -> None:
    """Let CloudFormation make and update a type's resources by `around`; it gets their properties and the operation."""
    operations = RESOURCE_HANDLERS.value[type_]
    for name, position in (("create", 1), ("update", 2)):
        operations[name] = _wrapped(
            operations[name],
            lambda operation, *given, _at=position, **named: around(given[_at], partial(operation, *given, **named)),
        )


def _wrapped(function: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    """A function and no partial object, which as a class's attribute would be no method."""
    return lambda *arguments, **named: around(function, *arguments, **named)


APPLICATION = Seam("app", "app")
ACCOUNT_OF_KEY = Seam("app", "_request_account_scope")
ACCOUNT_OF_SESSION = Seam("core.responses", "_account_from_sts_session")
CREDENTIAL_FAILURE = Seam("app", "_credential_failure")
DETECT_SERVICE = Seam("app", "detect_service")
AWAITED_CUSTOM_RESOURCES = Seam("services.cloudformation.custom_resource", "_pending")
RESOLVE_CREDENTIAL = Seam("core.iam_evaluator", "resolve_credential")
UNRESOLVED_CREDENTIAL = Seam("core.iam_evaluator", "CredentialResolutionError")
DECODE_HEADER = Seam("core.sigv4", "decode_header_value")
PARSE_HEADER_SIGNATURE = Seam("core.sigv4", "parse_header_signature")
PARSE_QUERY_SIGNATURE = Seam("core.sigv4", "parse_query_signature")
PRESIGNED_HAS_EXPIRED = Seam("core.sigv4", "presigned_request_is_expired")
REQUEST_TIME_FAILURE = Seam("core.sigv4", "request_time_failure")
SIGNATURE_FAILURE = Seam("core.sigv4", "header_signature_failure")
CONDITION_KEY = Seam("core.iam_evaluator", "_resolve_condition_key")
REQUEST_RESOURCE = Seam("core.iam_actions", "extract_resource_arn")
TRUSTED_SERVICE = Seam("core.iam_evaluator", "_service_principal_matches")
REGISTER_SESSION = Seam("services.sts", "register_session")
SESSIONS = Seam("services.sts", "_sessions")
EVALUATION_CONTEXT = Seam("core.iam_evaluator", "EvalContext")
EVALUATE_IDENTITY = Seam("core.iam_evaluator", "evaluate")
EVALUATE_RESOURCE = Seam("core.iam_evaluator", "evaluate_resource_policy")
COMBINE_POLICIES = Seam("core.iam_evaluator", "combine_resource_policy")
RESOLVE_PRINCIPAL = Seam("core.iam_evaluator", "resolve_principal")
CALLER_ARN = Seam("core.iam_evaluator", "caller_arn")
ROLE_BOUNDARY = Seam("core.iam_evaluator", "_permissions_boundary")
ROLE_POLICIES = Seam("core.iam_evaluator", "_gather_role_policies")
ACTION_MATCHES = Seam("core.iam_evaluator", "_action_matches")
RESOLVE_KEY = Seam("services.kms", "_resolve_key")
KEY_POLICY = Seam("services.kms", "key_policy_for_arn")
ROLES = Seam("services.iam", "_roles")
IAM_OPERATIONS = Seam("services.iam", "_IAM_HANDLERS")
IAM_PARAMETER = Seam("services.iam", "_p")
IAM_ERROR = Seam("services.iam", "_error")
PUT_ROLE_POLICY = Seam("services.iam", "_put_role_policy")

LAMBDA_WORKER_SCRIPT = Seam("core.lambda_runtime", "_PYTHON_WORKER_SCRIPT")
LAMBDA_WORKER_INVOKE = Seam("core.lambda_runtime", "Worker.invoke")
LAMBDA_WORKER_SUBPROCESS = Seam("core.lambda_runtime", "subprocess")
LAMBDA_WORKER_CREDENTIALS = Seam("core.lambda_runtime", "execution_credentials")
LAMBDA_CREDENTIALS = Seam("services.lambda_svc", "execution_credentials")
LAMBDA_CREATE = Seam("services.lambda_svc", "_create_function")
LAMBDA_UPDATE = Seam("services.lambda_svc", "_update_config")
FUNCTIONS = Seam("services.lambda_svc", "_functions")
LAMBDA_VPC_CONFIG = Seam("services.lambda_svc", "_vpc_config_with_id")
LAMBDA_EXECUTE = Seam("services.lambda_svc", "_execute_function_warm")

RUN_EXECUTION = Seam("services.stepfunctions", "_run_execution")
EXECUTIONS = Seam("services.stepfunctions", "_executions")
STATE_MACHINES = Seam("services.stepfunctions", "_state_machines")
EXECUTION_ERROR = Seam("services.stepfunctions", "_ExecutionError")
INVOKE_RESOURCE = Seam("services.stepfunctions", "_invoke_resource")
FIND_RETRIER = Seam("services.stepfunctions", "_find_matching_retrier")
INTEGRATIONS = Seam("services.stepfunctions", "_SERVICE_DISPATCH")

DYNAMODB_TABLES = Seam("services.dynamodb", "_tables")
KEY_VALUE = Seam("services.dynamodb", "_extract_key_val")
REMOVE_ITEM = Seam("services.dynamodb", "_remove_item")
REPLICA_GROUP = Seam("services.dynamodb", "_replica_group")
REPLICA_UPDATES = Seam("services.dynamodb", "_apply_replica_updates")
REPLICATE_WRITE = Seam("services.dynamodb", "_replicate_write")
SET_ITEM = Seam("services.dynamodb", "_set_item")
STREAM_EVENT = Seam("services.dynamodb", "_emit_stream_event")

S3_CURRENT_OF_VERSION = Seam("services.s3", "_object_record_from_version")
S3_ERROR = Seam("services.s3", "_error")
S3_FIRE_EVENT = Seam("services.s3", "_fire_s3_event_async")
S3_KEEP_MARKER = Seam("services.s3", "_record_delete_marker")
S3_KEEP_VERSION = Seam("services.s3", "_record_object_version")
S3_KEEP_VERSION_FILE = Seam("services.s3", "_persist_displaced_version")
S3_NEW_ID = Seam("services.s3", "new_uuid")
S3_PUT_REPLICATION = Seam("services.s3", "_put_bucket_replication")
S3_REPLICATE = Seam("services.s3", "_maybe_replicate")
S3_REPLICATE_MARKER = Seam("services.s3", "_maybe_replicate_delete_marker")
S3_REPLICATIONS = Seam("services.s3", "_bucket_replication")
S3_REPLICATION_RULE = Seam("services.s3", "_replication_rule_for")
S3_REPLICATION_TARGET = Seam("services.s3", "_replication_destination")
S3_RULE_TAGS = Seam("services.s3", "_replication_rule_tags")
S3_SAVE_STATE = Seam("services.s3", "_persist_version_state")
S3_TAGS = Seam("services.s3", "_object_tags")
S3_VERSIONS = Seam("services.s3", "_object_versions")
S3_VERSION_BODY = Seam("services.s3", "_version_body")
S3_VERSION_ENTRY = Seam("services.s3", "_version_entry_from_record")
S3_EVENT = Seam("services.s3", "_fire_s3_event")
S3_COMPLETE_UPLOAD = Seam("services.s3", "_complete_multipart_upload")
S3_UPLOADS = Seam("services.s3", "_multipart_uploads")
S3_NOW = Seam("services.s3", "now_iso")
S3_GET_OBJECT = Seam("services.s3", "_get_object")
S3_PARSE_RANGE = Seam("services.s3", "_parse_range")
S3_OBJECT_DATA = Seam("services.s3", "_get_object_data")
S3_BUCKETS = Seam("services.s3", "_buckets")
BUCKET_OWNER = Seam("services.s3", "_bucket_owner_account")
BUCKET_POLICIES = Seam("services.s3", "_bucket_policies")
FOREIGN_BUCKET_ALLOWS = Seam("services.s3", "_foreign_bucket_allows")
S3_ACTION = Seam("core.iam_actions", "_s3_action")
S3_CONTEXT = Seam("core.iam_actions", "s3_service_context")
CALLER_KEY = Seam("core.router", "extract_access_key_id")
PUT_EVENTS = Seam("services.eventbridge", "_put_events")
DISPATCH_EVENT = Seam("services.eventbridge", "_dispatch_event")

ATHENA_START = Seam("services.athena", "_start_query_execution")
ATHENA_RUN_DDL = Seam("services.athena", "_run_ddl")
ATHENA_ERROR = Seam("services.athena", "error_response_json")
ATHENA_WORKGROUPS = Seam("services.athena", "_workgroups")
ATHENA_EXECUTIONS = Seam("services.athena", "_executions")
ATHENA_NAMED_QUERIES = Seam("services.athena", "_named_queries")
ATHENA_TABLE_RELATION = Seam("services.athena", "_table_relation")
ATHENA_EMPTY_RELATION = Seam("services.athena", "_empty_relation")

RESOURCE_HANDLERS = Seam("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
STACK_OPERATIONS = Seam("services.cloudformation.handlers", "_ACTION_HANDLERS")
STACK_ERROR = Seam("services.cloudformation.helpers", "_error")
STACKS = Seam("services.cloudformation", "_stacks")
EXPORTS = Seam("services.cloudformation", "_exports")
IMPORTED_EXPORTS = Seam("services.cloudformation.handlers", "_imported_export_names")
STACK_OUTPUTS = Seam("services.cloudformation.stacks", "_resolve_stack_outputs")
CHANGE_SETS = Seam("services.cloudformation", "_change_sets")
RESOLVED_FOR_DIFFERENCE = Seam("services.cloudformation.changesets", "_resolve_props_for_diff")
PROVISION = Seam("services.cloudformation.stacks", "_provision_resource")
UPDATE = Seam("services.cloudformation.stacks", "_update_resource")
DELETE = Seam("services.cloudformation.stacks", "_delete_resource")
RUNS_ON_WORKER_THREAD = Seam("services.cloudformation.stacks", "_runs_on_worker_thread")
TEMPLATE_GLUE_JOB_FIELDS = Seam("services.cloudformation.provisioners", "_GLUE_JOB_DEFAULTS")

BACKUP_VAULTS = Seam("services.backup", "_vaults")

CODEBUILD_PROJECTS = Seam("services.codebuild", "_projects")
CODEBUILD_BUILDS = Seam("services.codebuild", "_builds")

SUBNETS = Seam("services.ec2", "_subnets")
SECURITY_GROUPS = Seam("services.ec2", "_security_groups")
VPC_ENDPOINTS = Seam("services.ec2", "_vpc_endpoints")

GLUE_REQUEST = Seam("services.glue", "_handle_request_sync")
GLUE_TABLES = Seam("services.glue", "_tables")
GLUE_CONNECTIONS = Seam("services.glue", "_connections")
GLUE_JOBS = Seam("services.glue", "_jobs")
GLUE_JOB_RUNS = Seam("services.glue", "_job_runs")
GLUE_CREATE_TABLE = Seam("services.glue", "_create_table")
GLUE_UPDATE_TABLE = Seam("services.glue", "_update_table")
GLUE_CREATE_JOB = Seam("services.glue", "_create_job")
GLUE_UPDATE_JOB = Seam("services.glue", "_update_job")
GLUE_START_JOB_RUN = Seam("services.glue", "_start_job_run")
GLUE_GET_JOB_RUN = Seam("services.glue", "_get_job_run")
GLUE_GET_JOB_RUNS = Seam("services.glue", "_get_job_runs")
GLUE_STOP_JOB_RUNS = Seam("services.glue", "_batch_stop_job_run")

JSON_RESPONSE = Seam("core.responses", "json_response")
JSON_ERROR = Seam("core.responses", "error_response_json")
REQUEST_ACCOUNT = Seam("core.responses", "get_account_id")
REQUEST_REGION = Seam("core.responses", "get_region")
REQUEST_SCOPE = Seam("core.responses", "request_scope")

SERVICES = Seam("app", "SERVICE_HANDLERS")
ROUTES = Seam("core.router", "SERVICE_PATTERNS")
IAM_NAMESPACES = Seam("core.iam_actions", "SERVICE_TO_IAM_NAMESPACE")

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Seam))
