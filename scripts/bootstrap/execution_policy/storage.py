"""Rights to create keys, buckets, tables, secrets and parameters."""

from __future__ import annotations

from deployment_account.names import TaxiName
from scripts.bootstrap.cdk_cli import Bootstrap
from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_KEY_IDS = "KMS makes up the ids of keys"


def keys(scope: Scope) -> list[Grant]:
    """Keys and their aliases; the use of a key only through services that store under it."""
    any_key = scope.arn("kms", "key/*")
    return [
        grant("kms", "ListAliases", "*", because="aliases list as one"),
        grant(
            "kms",
            "CreateKey",
            "*",
            because="a key has no name before it is there; the condition names the tag that it is made with",
            condition=scope.made_with_tag,
        ),
        grant(
            "kms",
            "DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags",
            any_key,
            # KMS may heed a new tag minutes later, and CloudFormation does these as soon as a key is made
            because=f"{_KEY_IDS}; reading and rotation harm no other team's key",
        ),
        grant(
            "kms",
            "PutKeyPolicy TagResource",
            any_key,
            # AWS asks for them when a key is made with a policy and tags
            because=f"{_KEY_IDS}; a key that is being made has no tag yet, but its request names it",
            condition=scope.untagged,
        ),
        grant(
            "kms",
            "DisableKey DisableKeyRotation EnableKey PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource "
            "UpdateKeyDescription",
            any_key,
            because=f"{_KEY_IDS}; the tag of the condition says that this lake made it",
            condition=scope.tagged,
        ),
        aliases(scope, f"/{scope.generated}", f"{scope.parameter_path}/*", because=_KEY_IDS),
        grant(
            "kms",
            "CreateGrant Decrypt Encrypt GenerateDataKey RevokeGrant",
            any_key,
            because=f"{_KEY_IDS}; the services of the condition encrypt what CloudFormation makes",
            condition={"StringEquals": {"kms:ViaService": [_via(scope, name) for name in _ENCRYPTING_SERVICES]}},
        ),
    ]


def aliases(scope: Scope, *names: str, because: str) -> Grant:
    """Aliases of those names, which KMS allows to whoever may do so with the alias and with its key."""
    own = [scope.arn("kms", f"alias{name}") for name in names]
    return grant("kms", "CreateAlias DeleteAlias UpdateAlias", scope.arn("kms", "key/*"), *own, because=because)


_ENCRYPTING_SERVICES = ("dynamodb", "lambda", "secretsmanager", "sns", "sqs", "states")


def _via(scope: Scope, service: str) -> str:
    return f"{service}.{scope.place.region}.amazonaws.com"


def buckets(scope: Scope) -> list[Grant]:
    """Buckets and their settings, never the objects in them; of CDK's assets only reading."""
    assets = Bootstrap.of(scope.names, scope.place.account, scope.place.region).assets_bucket
    return [
        grant(
            "s3",
            "CreateBucket DeleteBucket ListBucket PutBucketPolicy GetBucketPolicy DeleteBucketPolicy "
            "GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS "
            "GetBucketLocation GetBucketLogging GetBucketNotification GetBucketObjectLockConfiguration "
            "GetBucketOwnershipControls GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning "
            "GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
            "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration ListTagsForResource PutBucketAcl PutBucketLogging PutBucketNotification "
            "PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
            "PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource",
            scope.bucket_arn(scope.generated),
        ),
        grant("s3", "GetObject GetObjectVersion", scope.bucket_arn(f"{assets}/*"), because="assets are named by hash"),
    ]


def parameters(scope: Scope) -> list[Grant]:
    """The values that stacks publish."""
    own = scope.arn("ssm", f"parameter{scope.parameter_path}/*")
    return [
        grant(
            "ssm",
            "AddTagsToResource DeleteParameter GetParameter GetParameters ListTagsForResource PutParameter "
            "RemoveTagsFromResource",
            own,
        ),
        *version(scope),
    ]


def version(scope: Scope) -> list[Grant]:
    """The version of the bootstrap, which every stack asks for."""
    parameter = Bootstrap.of(scope.names, scope.place.account, scope.place.region).version_parameter
    return [grant("ssm", "GetParameter GetParameters", scope.arn("ssm", f"parameter{parameter}"))]


def tables(scope: Scope) -> list[Grant]:
    """DynamoDB tables and their settings, never the items in them."""
    return [
        grant(
            "dynamodb",
            "CreateTable DeleteTable UpdateTable DescribeTable DescribeContinuousBackups UpdateContinuousBackups "
            "DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTimeToLive UpdateTimeToLive "
            "GetResourcePolicy PutResourcePolicy DeleteResourcePolicy ListTagsOfResource TagResource UntagResource",
            scope.arn("dynamodb", f"table/{scope.typed}"),
            scope.arn("dynamodb", f"table/{scope.taxi(TaxiName.AUDIT_TABLE)}"),
            scope.arn("dynamodb", f"table/{scope.generated}"),
        )
    ]


def secrets(scope: Scope) -> list[Grant]:
    """Secrets without their values: those are set by people (`scripts.bootstrap secrets`)."""
    return [
        grant(
            "secretsmanager",
            "CreateSecret DeleteSecret DescribeSecret UpdateSecret TagResource UntagResource "
            "GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
            scope.arn("secretsmanager", f"secret:{scope.parameter_path.removeprefix('/')}/*"),
            scope.arn("secretsmanager", f"secret:{scope.generated}"),
        ),
        grant("secretsmanager", "GetRandomPassword", "*", because="a password belongs to no secret yet"),
    ]
