"""Checks whether the pipelines could deploy now: tools, connection, trust, bootstraps, policies and quotas."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from deployment_account.repository import ConnectedRepository
from scripts.bootstrap import cdk_cli
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.bootstrapping import deployment_places
from scripts.bootstrap.execution_policy.policies import policies_of
from scripts.bootstrap.findings import Finding, fine, unless_unreachable, unreachable, wrong
from scripts.bootstrap.managed_policies import current_document, policy_arn
from scripts.bootstrap.quotas import quota_findings

PROGRAM = "python -m scripts.bootstrap"
OLDEST_NODE = 22


def check(platform: Platform, account: Account, environments: list[Environment]) -> Iterator[Finding]:
    """Look at everything with the deployment account's credentials; targets are read through the trust they give."""
    yield _cli()
    yield unless_unreachable("node", _node)
    yield unless_unreachable("source", lambda: _source(platform, account))
    for place in deployment_places(platform):
        there = Account(place, account.session, account.profile)
        yield from _bootstrap(platform, there, mend=f"{PROGRAM} deployment-account")
    for environment in environments:
        yield from _environment(platform, account, environment)


def _cli() -> Finding:
    pinned, installed = cdk_cli.pinned_version(), cdk_cli.installed_version()
    subject = "CDK command line"
    if installed == pinned:
        return fine(subject, pinned)
    return wrong(subject, f"{installed or 'not installed'}; package.json pins {pinned}", mend=cdk_cli.INSTALL)


def _node() -> Finding:
    program = cdk_cli.node()
    mend = "install node 22 or newer, or name one: export JSII_NODE=/path/to/node"
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    except OSError as error:
        return wrong("node", f"{program} does not run: {error.strerror}", mend=mend)
    found = re.match(r"v(\d+)", answer)
    if found and int(found[1]) >= OLDEST_NODE:
        return fine("node", answer)
    return wrong("node", f"{answer or 'does not run'}; the apps need {OLDEST_NODE}", mend=mend)


def _source(platform: Platform, account: Account) -> Finding:
    repository = platform.deployment.repository
    if isinstance(repository, ConnectedRepository):
        return _connection(repository, account)
    client = account.client("codecommit")
    try:
        client.get_repository(repositoryName=repository.name)
    except client.exceptions.RepositoryDoesNotExistException:
        create = f"aws codecommit create-repository --repository-name {repository.name} --region {account.place.region}"
        return wrong("source", f"there is no CodeCommit repository {repository.name}", mend=create)
    return fine("source", f"CodeCommit repository {repository.name}")


def _connection(repository: ConnectedRepository, account: Account) -> Finding:
    arn, region = repository.connection_arn, account.place.region
    client = account.client(arn.split(":")[2])
    try:
        status = client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"]
    except client.exceptions.ResourceNotFoundException:
        mend = "create one (docs/deployment.md, step 2) and configure its ARN"
        return wrong("source", f"there is no connection {arn}", mend=mend)
    if status == "AVAILABLE":
        return fine("source", f"connection to {repository.name} is AVAILABLE")
    console = f"https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}"
    return wrong("source", f"connection is {status}", mend=f"open {console} and finish the connection there")


def _environment(platform: Platform, account: Account, environment: Environment) -> Iterator[Finding]:
    place = Place.of(environment)
    subject, mend = f"{environment.name}: trust", f"{PROGRAM} target-account {environment.name}"
    try:
        _assume(account, place, "deploy")
        session = _assume(account, place, "lookup")
    except (BotoCoreError, ClientError) as error:
        is_refused = isinstance(error, ClientError) and error.response["Error"].get("Code") == "AccessDenied"
        seen = f"{place.account} lets nobody of {account.place.account} in"
        yield wrong(subject, seen, mend=mend) if is_refused else unreachable(subject, error)
        return
    yield fine(subject, f"{place.account} trusts {account.place.account}")
    target = Account(place, session)
    yield from _bootstrap(platform, target, mend=mend, name=environment.name)
    yield from quota_findings(target, environment, Names.of(platform, environment))


def _assume(account: Account, place: Place, which: str) -> boto3.Session:
    name = cdk_cli.role_name(which, place.account, place.region)
    arn = f"arn:aws:iam::{place.account}:role/{name}"
    found = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="bootstrap-check")["Credentials"]
    return boto3.Session(
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
        region_name=place.region,
    )


def _bootstrap(platform: Platform, account: Account, *, mend: str, name: str = "deployment") -> Iterator[Finding]:
    where = f"{name}: bootstrap of {account.place}"
    yield unless_unreachable(where, lambda: _version(where, account, mend))
    subject = f"{name}: execution policies in {account.place.region}"
    yield unless_unreachable(subject, lambda: _policies(subject, platform, account, mend))


def _version(subject: str, account: Account, mend: str) -> Finding:
    client = account.client("ssm")
    try:
        version = int(client.get_parameter(Name=cdk_cli.VERSION_PARAMETER)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return wrong(subject, "not bootstrapped", mend=mend)
    if version < cdk_cli.BOOTSTRAP_VERSION:
        return wrong(subject, f"version {version}; the CLI brings {cdk_cli.BOOTSTRAP_VERSION}", mend=mend)
    return fine(subject, f"version {version}")


def _policies(subject: str, platform: Platform, account: Account, mend: str) -> Finding:
    iam, place = account.client("iam"), account.place
    role = cdk_cli.role_name("cfn-exec", place.account, place.region)
    try:
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    except iam.exceptions.NoSuchEntityException:
        return wrong(subject, f"there is no role {role}", mend=mend)
    wanted = {policy_arn(place, policy): policy for policy in policies_of(platform, place)}
    found = {policy["PolicyArn"] for policy in attached}
    if found != wanted.keys():
        names = ", ".join(sorted(arn.rsplit("/", 1)[-1] for arn in found ^ wanted.keys()))
        return wrong(subject, f"too many or missing: {names}", mend=mend)
    stale = [policy.name for arn, policy in wanted.items() if current_document(iam, arn) != policy.document]
    if stale:
        return wrong(subject, f"not as this version of the scripts writes them: {', '.join(stale)}", mend=mend)
    return fine(subject, ", ".join(policy.name for policy in wanted.values()))
