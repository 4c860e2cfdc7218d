"""Checks whether the pipelines can deploy: tools, connection, trust, bootstraps, policies, catalog, quotas."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from deployment_account.environments import DeploymentAccount, Environment, Platform
from deployment_account.names import Names
from deployment_account.repository import ConnectedRepository
from scripts.bootstrap import cdk_cli
from scripts.bootstrap.accounts import Account, Credentials, Place
from scripts.bootstrap.bootstrapping import deployment_places
from scripts.bootstrap.cdk_cli import Bootstrap
from scripts.bootstrap.default_group import default_group_finding
from scripts.bootstrap.execution_policy.approver import approver_of
from scripts.bootstrap.execution_policy.policies import Policy, boundary_of, policies_of
from scripts.bootstrap.findings import Finding, fine, unknown, unless_unreachable, wrong
from scripts.bootstrap.lake_formation import lake_formation_finding
from scripts.bootstrap.managed_policies import current_document, policy_arn
from scripts.bootstrap.quotas import build_quota_findings, quota_findings
from scripts.bootstrap.runtimes import runtime_finding
from scripts.bootstrap.trust import default_bootstrap_finding, trust_finding

PROGRAM = "python -m scripts.bootstrap"
OLDEST_NODE = 22


def check(platform: Platform, credentials: Credentials, environments: list[Environment]) -> Iterator[Finding]:
    """Check everything, each account with its own credentials."""
    yield _cli()
    yield unless_unreachable("node", _node)
    yield runtime_finding("Python of the functions", datetime.now(UTC).date())
    for environment in environments:
        yield from _pipelines(platform, credentials, environment)
        for there in environment.regions:
            yield from _environment(platform, credentials, environment, there)


def _pipelines(platform: Platform, credentials: Credentials, environment: Environment) -> Iterator[Finding]:
    """Check the account of an environment's pipelines."""
    places, name = deployment_places(platform, environment), f"{environment.name} pipelines"
    account = credentials.account(places[0])
    if account is None:
        yield _nobody_looked(name, places[0])
        return
    yield unless_unreachable(f"{name}: source", lambda: _source(platform.deployment_of(environment), account, name))
    yield from build_quota_findings(name, account, platform, environment)
    for place in places:
        yield from _bootstrap(
            platform, environment, account.at(place), name, mend=f"{PROGRAM} deployment-account {environment.name}"
        )


def _environment(
    platform: Platform, credentials: Credentials, environment: Environment, there: Environment
) -> Iterator[Finding]:
    """Check an environment's own account in one of its Regions."""
    place, name = Place.of(there), f"{there.name} in {there.region}" if there.is_secondary else there.name
    account = credentials.account(place)
    if account is None:
        yield _nobody_looked(name, place)
        return
    mend = f"{PROGRAM} target-account {environment.name}"
    pipelines = platform.deployment_of(environment).account
    if place.account != pipelines:
        former = f"{name}: default bootstrap"
        yield unless_unreachable(former, lambda: default_bootstrap_finding(former, account, pipelines))
        yield from _bootstrap(platform, environment, account, name, mend=mend)
    names, group = Names.of(platform, there), f"{name}: default security group"
    close = f"{PROGRAM} close-default-group {environment.name}"
    yield unless_unreachable(group, lambda: default_group_finding(group, account, names, mend=close))
    catalog = f"{name}: Lake Formation"
    yield unless_unreachable(catalog, lambda: lake_formation_finding(catalog, account))
    yield from quota_findings(name, account, there, names)


def _nobody_looked(name: str, place: Place) -> Finding:
    return unknown(name, f"no credentials of account {place.account} were given: name its profile with --profile")


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


def _source(deployment: DeploymentAccount, account: Account, name: str) -> Finding:
    repository, subject = deployment.repository, f"{name}: source"
    if isinstance(repository, ConnectedRepository):
        return _connection(repository, account, subject)
    client = account.client("codecommit")
    try:
        client.get_repository(repositoryName=repository.name)
    except client.exceptions.RepositoryDoesNotExistException:
        create = f"aws codecommit create-repository --repository-name {repository.name} --region {account.place.region}"
        return wrong(subject, f"there is no CodeCommit repository {repository.name}", mend=create)
    return fine(subject, f"CodeCommit repository {repository.name}")


def _connection(repository: ConnectedRepository, account: Account, subject: str) -> Finding:
    arn, region = repository.connection_arn, account.place.region
    client = account.client(arn.split(":")[2])
    try:
        status = client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"]
    except client.exceptions.ResourceNotFoundException:
        mend = "create one (docs/deployment.md, step 2) and configure its ARN"
        return wrong(subject, f"there is no connection {arn}", mend=mend)
    if status == "AVAILABLE":
        return fine(subject, f"connection to {repository.name} is AVAILABLE")
    console = f"https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}"
    return wrong(subject, f"connection is {status}", mend=f"open {console} and finish the connection there")


def _bootstrap(
    platform: Platform, environment: Environment, account: Account, name: str, *, mend: str
) -> Iterator[Finding]:
    bootstrap = Bootstrap.of(Names.of(platform, environment), account.place.account, account.place.region)
    trust, where = f"{name}: trust in {account.place.region}", f"{name}: bootstrap of {account.place}"
    yield unless_unreachable(trust, lambda: trust_finding(trust, platform, environment, account, mend=mend))
    yield unless_unreachable(where, lambda: _version(where, bootstrap, account, mend))
    subject = f"{name}: execution policies in {account.place.region}"
    wanted = policies_of(platform, environment, account.place)
    yield unless_unreachable(subject, lambda: _policies(subject, bootstrap, wanted, account, mend))
    if account.place == Place.of_pipelines(platform, environment):
        bounds, boundary = f"{name}: permissions boundary", boundary_of(platform, environment)
        yield unless_unreachable(bounds, lambda: _policy(bounds, boundary, account, mend))
        if (approver := approver_of(platform, environment)) is not None:
            approvers = f"{name}: policy of approvers"
            yield unless_unreachable(approvers, lambda: _policy(approvers, approver, account, mend))


def _version(subject: str, bootstrap: Bootstrap, account: Account, mend: str) -> Finding:
    client = account.client("ssm")
    try:
        version = int(client.get_parameter(Name=bootstrap.version_parameter)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return wrong(subject, "not bootstrapped", mend=mend)
    if version < cdk_cli.BOOTSTRAP_VERSION:
        return wrong(subject, f"version {version}; the CLI brings {cdk_cli.BOOTSTRAP_VERSION}", mend=mend)
    return fine(subject, f"version {version}")


def _policies(subject: str, bootstrap: Bootstrap, policies: Sequence[Policy], account: Account, mend: str) -> Finding:
    iam, role = account.client("iam"), bootstrap.role("cfn-exec")
    try:
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    except iam.exceptions.NoSuchEntityException:
        return wrong(subject, f"there is no role {role}", mend=mend)
    wanted = {policy_arn(account.place, policy): policy for policy in policies}
    found = {policy["PolicyArn"] for policy in attached}
    if found != wanted.keys():
        names = ", ".join(sorted(arn.rsplit("/", 1)[-1] for arn in found ^ wanted.keys()))
        return wrong(subject, f"too many or missing: {names}", mend=mend)
    stale = [policy.name for arn, policy in wanted.items() if current_document(iam, arn) != policy.document]
    if stale:
        return wrong(subject, f"not as this version of the scripts writes them: {', '.join(stale)}", mend=mend)
    return fine(subject, ", ".join(policy.name for policy in wanted.values()))


def _policy(subject: str, policy: Policy, account: Account, mend: str) -> Finding:
    found = current_document(account.client("iam"), policy_arn(account.place, policy))
    if found == policy.document:
        return fine(subject, policy.name)
    return wrong(subject, f"{policy.name} is {'not as these scripts write it' if found else 'not there'}", mend=mend)
