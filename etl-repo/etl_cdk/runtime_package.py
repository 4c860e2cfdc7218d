"""The deployed runtime: functions and jobs run the same files, and only functions have further packages."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from deployment_account.log import Log, LogPolicy
from deployment_account.permissions import allow
from etl_cdk.function_code import FUNCTIONS, NATIVE, SOURCE, FunctionCode, function_archive

if TYPE_CHECKING:
    from etl_cdk.private_network import PrivateNetwork
    from lake.variables import Variables

CACHES = ["**/__pycache__", "**/*.pyc"]


class RuntimePackage(Construct):
    """The zips from which Glue jobs and Lambda functions import, and the network in which they run."""

    def __init__(
        self, scope: Construct, id_: str, *, log_policy: LogPolicy, lake: str, network: PrivateNetwork | None
    ) -> None:
        super().__init__(scope, id_)
        self.log_policy = log_policy
        self.lake = lake
        self.network = network
        self.asset = s3_assets.Asset(self, "Source", path=str(SOURCE), exclude=CACHES)
        self._zips: dict[str, s3_assets.Asset] = {}

    def zip_of(self, code: FunctionCode) -> s3_assets.Asset:
        """Return the zip of functions; a stack without such functions has none."""
        if code.name not in self._zips:
            self._zips[code.name] = self._made(code)
        return self._zips[code.name]

    def _made(self, code: FunctionCode) -> s3_assets.Asset:
        """Make the zip, which CDK copies into its assembly at once."""
        with TemporaryDirectory() as folder:
            archive = Path(folder) / f"{code.name}.zip"
            archive.write_bytes(function_archive(code))
            asset = s3_assets.Asset(self, code.name.capitalize(), path=str(archive))
        cdk.Validations.of(asset.bucket).acknowledge(
            cdk.Acknowledgment(
                id="Annotation::@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified",
                reason="The key of an asset is the hash of its content: other code, other key.",
            )
        )
        return asset


_RUNTIMES = {FUNCTIONS.python: lambda_.Runtime.PYTHON_3_11, NATIVE.python: lambda_.Runtime.PYTHON_3_13}
_WHY_NOT_THE_NEWEST = {
    FUNCTIONS.python: "Python 3.11 is that of Glue 5.1: one package runs in both.",
    NATIVE.python: "Python 3.13 is the newest that the tests know with these versions of Arrow and pyiceberg.",
}


class RuntimeFunction(Construct):
    """A Lambda function of the runtime package that may write its own log; its owner grants the rest to its role."""

    def __init__(  # noqa: PLR0913 - a keyword for each of its settings
        self,
        scope: Construct,
        id_: str,
        *,
        package: RuntimePackage,
        handler: str,
        timeout: cdk.Duration,
        variables: Variables,
        in_network: bool = True,
        code: FunctionCode = FUNCTIONS,
        memory_mb: int = 512,
    ) -> None:
        super().__init__(scope, id_)
        log = Log(self, "Log", policy=package.log_policy)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        archive = package.zip_of(code)
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_bucket(archive.bucket, archive.s3_object_key),
            handler=handler,
            runtime=_RUNTIMES[code.python],
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            log_group=log,
            # without a level of its own a function logs warnings only
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            timeout=timeout,
            memory_size=memory_mb,
            environment=variables.written(),
        )
        cdk.Validations.of(self.function).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-L1", reason=_WHY_NOT_THE_NEWEST[code.python])
        )
        allow(self.role, ["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn])
        if package.network and in_network:
            package.network.hold_function(self.function, self.role)
