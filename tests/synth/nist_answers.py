"""Why what NIST 800-53 R5 asks for and prod does not have may be so: one answer for each finding, by its own reason.

A rule of cdk-nag's pack, the construct it is about, the answer. When a finding goes, its answer has to go too.
"""

from __future__ import annotations

Answer = tuple[str, str]
"""The path of a construct below its stage or stack, as a regular expression, and the reason."""

_TABLES = r"Tables/{}/Resource"
_FUNCTION = r"{}/Function/Resource"
_ROLE = r"{}/DefaultPolicy/Resource"
_INLINE = "An inline policy goes with its role and is no one else's; a managed one could be attached to another role."

ANSWERS: dict[str, tuple[Answer, ...]] = {
    "DynamoDBInBackupPlan": (
        (
            _TABLES.format("(FileTracker|FileTrackerHistory)"),
            "In the nightly backup by its name, unseen by the rule; the sweep registers what staging holds.",
        ),
        (
            _TABLES.format("(FileProcessingTracker|FileProcessingTrackerHistory)"),
            "In the nightly backup by its name, unseen by the rule; the commits of the tables say it, too.",
        ),
        (
            _TABLES.format("(BatchConfig|RawTableConfig)"),
            "In the nightly backup by its name, unseen by the rule; a deployment writes it again from git.",
        ),
        (
            _TABLES.format("ConfigDeployTracker"),
            "In the nightly backup by its name, unseen by the rule; git and the pipeline know what is in force.",
        ),
        (
            _TABLES.format("Quarantine"),
            "In the nightly backup by its name, unseen by the rule; the sweep finds its files in staging.",
        ),
        (
            _TABLES.format("Taxi/Audit"),
            "In the nightly backup by its name, unseen by the rule; its files stay in the raw bucket.",
        ),
    ),
    "IAMNoInlinePolicy": (
        (
            _ROLE.format(r"Odp/(ConfigManager|FileManager|FileProcessor)/\w+/Role"),
            f"Functions and jobs of ODP. {_INLINE}",
        ),
        (_ROLE.format(r"Odp/FileProcessor/WorkflowRole"), f"ODP's workflow. {_INLINE}"),
        (_ROLE.format(r"(Odp/FileProcessor|Taxi/Flow)/SchedulesRole"), f"Of the schedules. {_INLINE}"),
        (
            _ROLE.format(r"Taxi/(Flow/Bundles|Landing/(Handler|Sweep)|Flow/Jobs/\w+)/Role"),
            f"Functions and jobs of the taxi flow. {_INLINE}",
        ),
        (_ROLE.format(r"Taxi/Flow/WorkflowRole"), f"The taxi flow's workflow. {_INLINE}"),
        (_ROLE.format(r"Taxi/Reader/Role"), f"Of people who query tables. {_INLINE}"),
        (_ROLE.format(r"Storage/BackupRole"), f"Of AWS Backup. {_INLINE}"),
        (_ROLE.format(r"Pipeline/Blueprint/.*Role"), f"Of pipelines, bounded by their permissions boundary. {_INLINE}"),
    ),
    "LambdaConcurrency": (
        (
            _FUNCTION.format("(Odp/FileManager|Taxi/Landing)/Handler"),
            "Its queue starts a fixed number at a time and keeps the rest; reserved ones would be taken from others.",
        ),
        (
            _FUNCTION.format("Odp/ConfigManager/Handler"),
            "One message for each deployment: nobody else writes into its queue.",
        ),
        (_FUNCTION.format("Odp/ConfigManager/Delivery"), "CloudFormation calls it once for each deployment."),
        (_FUNCTION.format("(Odp/FileManager|Taxi/Landing)/Sweep"), "A rule starts it at a fixed rate."),
        (
            _FUNCTION.format("(Odp/FileProcessor/BatchManager|Taxi/Flow/Bundles)"),
            "Called by its state machine, once for each step of an execution.",
        ),
        (
            _FUNCTION.format("Odp/FileProcessor/Native"),
            "Called by the state machine, whose Map state says how many batches it refreshes at a time.",
        ),
    ),
    "LambdaDLQ": (
        (
            _FUNCTION.format("(Odp/FileManager|Odp/ConfigManager|Taxi/Landing)/Handler"),
            "Called with messages of a queue that has a dead-letter queue, with an alarm.",
        ),
        (
            _FUNCTION.format("(Odp/FileManager|Taxi/Landing)/Sweep"),
            "A failure is an alarm, and the next round goes on where this one stopped; the event itself says nothing.",
        ),
        (
            _FUNCTION.format("Odp/ConfigManager/Delivery"),
            "A failure fails the deployment that called it, which is where people look.",
        ),
        (
            _FUNCTION.format("(Odp/FileProcessor/BatchManager|Taxi/Flow/Bundles)"),
            "Called synchronously by its state machine, whose failed executions are alarms.",
        ),
        (
            _FUNCTION.format("Odp/FileProcessor/Native"),
            "Called synchronously with a plan that stays in S3; what fails is pending for the next execution.",
        ),
    ),
    "LambdaInsideVPC": (
        (
            _FUNCTION.format("Odp/ConfigManager/Delivery"),
            "It answers CloudFormation in a bucket of AWS's, which the network lets nobody reach; it reads no data.",
        ),
    ),
    "S3BucketLoggingEnabled": (
        (
            "Pipeline/Artifacts/Bucket/Resource",
            "The pipeline's history says who wrote which artifact; reads are for a trail with data events.",
        ),
    ),
    "S3BucketReplicationEnabled": (
        ("Storage/AccessLogs/Resource", "Kept for the configured days; a company copies logs to its security account."),
        ("Storage/AthenaResults/Resource", "Results of queries, which are asked again."),
        ("Storage/Config/Resource", "Manifests come from git, plans and bundles are forgotten after some days."),
        ("Storage/Staging/Resource", "DMS loads it again from the source; a second copy doubles what landing costs."),
        ("Storage/(Raw|Conformed|PurposeBuilt)/Resource", "Computed from staging and from the layer before it."),
        ("Pipeline/Artifacts/Bucket/Resource", "Artifacts follow from the commit; each execution makes its own."),
    ),
    "S3BucketVersioningEnabled": (
        ("Storage/AccessLogs/Resource", "Written once by log delivery, and nobody may delete from it."),
        ("Storage/AthenaResults/Resource", "Results of queries, which are asked again."),
    ),
    "S3DefaultEncryptionKMS": (
        ("Storage/AccessLogs/Resource", "Log delivery cannot write under a customer's key; S3 encrypts with its own."),
    ),
    "SecretsManagerRotationEnabled": (
        (
            "Secrets/Secret-source-database",
            "The owner of the source database changes it there; docs/security.md asks for it.",
        ),
    ),
    "VPCDefaultSecurityGroupClosed": (
        (
            "Network/Vpc/Resource",
            "Closed by `close-default-group` and watched by `check`: CDK's way is a function that changes groups.",
        ),
    ),
}
