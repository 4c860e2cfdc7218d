"""Rights to create functions, jobs, state machines, schedules, queues and their logs."""

from __future__ import annotations

from deployment_account.names import TaxiName
from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_PASSED_TO = ("codebuild", "codepipeline", "events", "glue", "lambda", "scheduler", "states")


def roles(scope: Scope) -> list[Grant]:
    """Roles of this platform with policies of their own; policies of others are never attached."""
    own = scope.global_arn("iam", f"role/{scope.generated}")
    return [
        grant(
            "iam",
            "CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole "
            "GetRolePolicy PutRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies",
            own,
        ),
        grant(
            "iam",
            "PassRole",
            own,
            condition={"StringEquals": {"iam:PassedToService": [f"{name}.amazonaws.com" for name in _PASSED_TO]}},
        ),
    ]


def functions(scope: Scope) -> list[Grant]:
    """Lambda functions, who may call them, and what they poll."""
    own = scope.arn("lambda", f"function:{scope.generated}")
    of_own_functions = {"ArnLike": {"lambda:FunctionArn": own}}
    return [
        grant(
            "lambda",
            "CreateFunction DeleteFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration "
            "PutFunctionConcurrency DeleteFunctionConcurrency GetFunctionCodeSigningConfig GetFunctionRecursionConfig "
            "GetFunctionScalingConfig GetRuntimeManagementConfig PutRuntimeManagementConfig PublishVersion "
            "AddPermission RemovePermission GetPolicy TagResource UntagResource ListTags "
            # CloudFormation calls the function behind a resource type of our own with the rights of this policy
            "InvokeFunction",
            own,
        ),
        grant(
            "lambda",
            "CreateEventSourceMapping",
            "*",
            because="an event source has no name before it is there; the condition names the functions that it calls",
            condition=of_own_functions,
        ),
        grant(
            "lambda",
            "DeleteEventSourceMapping UpdateEventSourceMapping",
            scope.arn("lambda", "event-source-mapping:*"),
            because="Lambda makes up the ids of event sources; the condition names the functions that they call",
            condition=of_own_functions,
        ),
        grant(
            "lambda",
            "GetEventSourceMapping ListTags TagResource UntagResource",
            scope.arn("lambda", "event-source-mapping:*"),
            because="Lambda makes up the ids of event sources",
        ),
    ]


def jobs(scope: Scope) -> list[Grant]:
    """Glue jobs, their encryption settings and connections, and the databases that the manifests name."""
    patterns = scope.catalog_names
    below = [f"{kind}/{name}/*" for name in patterns for kind in ("table", "userDefinedFunction")]
    named = [f"{kind}/{name}" for name in patterns for kind in ("database", "job")]
    return [
        grant(
            "glue",
            "CreateConnection DeleteConnection GetConnection UpdateConnection GetTags TagResource UntagResource",
            scope.arn("glue", "catalog"),
            scope.arn("glue", f"connection/{scope.names.connection('*')}"),
            because="a private network has a connection in each zone, which its name ends with",
        ),
        grant(
            "glue",
            "CreateDatabase DeleteDatabase GetDatabase UpdateDatabase "
            "CreateJob DeleteJob GetJob UpdateJob GetTags TagResource UntagResource",
            scope.arn("glue", "catalog"),
            *(scope.arn("glue", resource) for resource in (*named, *below)),
            because="manifests name databases and jobs within the patterns of the configuration, and they change "
            "without this policy; with a database go its tables and functions",
        ),
        grant(
            "glue",
            "CreateSecurityConfiguration DeleteSecurityConfiguration GetSecurityConfiguration",
            "*",
            because="Glue knows no resource for security configurations",
        ),
        *_query_engine(scope),
    ]


def _query_engine(scope: Scope) -> list[Grant]:
    """A workgroup and its named queries; Athena's only resource for both is the workgroup."""
    return [
        grant(
            "athena",
            "CreateWorkGroup DeleteWorkGroup GetWorkGroup UpdateWorkGroup ListTagsForResource "
            "TagResource UntagResource CreateNamedQuery DeleteNamedQuery GetNamedQuery",
            scope.arn("athena", f"workgroup/{scope.taxi(TaxiName.WORKGROUP)}"),
        )
    ]


def workflows(scope: Scope) -> list[Grant]:
    """State machines, the schedules that start them and the rules that events meet."""
    return [
        grant(
            "states",
            "CreateStateMachine DeleteStateMachine DescribeStateMachine UpdateStateMachine ListTagsForResource "
            "TagResource UntagResource",
            scope.arn("states", f"stateMachine:{scope.typed}"),
            scope.arn("states", f"stateMachine:{scope.taxi(TaxiName.FLOW)}"),
            scope.arn("states", f"stateMachine:{scope.generated}"),
        ),
        grant(
            "scheduler",
            "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
            scope.arn("scheduler", f"schedule/default/{scope.typed}"),
            scope.arn("scheduler", f"schedule/default/{scope.generated}"),
        ),
        *rules(scope),
    ]


def rules(scope: Scope) -> list[Grant]:
    """EventBridge rules."""
    return [
        grant(
            "events",
            "DeleteRule DescribeRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets "
            "TagResource UntagResource",
            scope.arn("events", f"rule/{scope.generated}"),
        )
    ]


def messages(scope: Scope) -> list[Grant]:
    """Topics, their subscribers, and queues."""
    return [
        grant(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes SetTopicAttributes "
            "ListSubscriptionsByTopic ListTagsForResource Subscribe TagResource UntagResource",
            scope.arn("sns", scope.generated),
        ),
        grant(
            "sns",
            "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe",
            "*",
            because="SNS knows no resource for subscriptions; who subscribes needs the topic",
        ),
        grant(
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes "
            "TagQueue UntagQueue",
            scope.arn("sqs", scope.generated),
        ),
    ]


def logs(scope: Scope) -> list[Grant]:
    """Log groups, and the deliveries to them and of flow logs."""
    return [
        grant(
            "logs",
            "AssociateKmsKey DisassociateKmsKey CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy "
            "GetDataProtectionPolicy ListTagsForResource TagResource UntagResource",
            *(scope.arn("logs", f"log-group:{name}{end}") for name in _log_groups(scope) for end in ("", ":*")),
        ),
        grant(
            "logs",
            "DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies CreateLogDelivery DeleteLogDelivery",
            "*",
            because="CloudWatch Logs describes whole Regions, and log deliveries have no names",
        ),
    ]


def _log_groups(scope: Scope) -> tuple[str, ...]:
    return (
        scope.generated,
        f"/aws-glue/jobs/{scope.generated}",
        f"/aws/vendedlogs/states/{scope.typed}",
        f"/aws/vendedlogs/states/{scope.taxi(TaxiName.FLOW)}",
    )


def observation(scope: Scope) -> list[Grant]:
    """Alarms and dashboards."""
    return [
        grant(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms PutMetricAlarm ListTagsForResource TagResource UntagResource",
            scope.arn("cloudwatch", f"alarm:{scope.generated}"),
        ),
        grant(
            "cloudwatch",
            "DeleteDashboards GetDashboard PutDashboard ListTagsForResource TagResource UntagResource",
            scope.global_arn("cloudwatch", f"dashboard/{scope.generated}"),
            scope.global_arn("cloudwatch", f"dashboard/{scope.typed}"),
        ),
    ]
