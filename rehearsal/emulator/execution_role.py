"""CloudFormation acts with the rights of a stack's role, or else with the caller's rights; ministack with all rights.

Asked for are the calls by which somebody could give rights to others or reach what is another's: roles and their
policies, boundaries, builds, pipelines, buckets. Everything else is done unasked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.roles import account_and_name, is_role

Handler = Callable[[Mapping[str, Any]], Any]
Operation = Callable[..., Any]
Properties = Mapping[str, Any]
_STACK_OPERATIONS = ("CreateStack", "UpdateStack", "CreateChangeSet", "ExecuteChangeSet", "DeleteStack")
_KEPT_OF_A_NAME = 24
"""How much of the names of stack and resource CloudFormation keeps in a name that it makes up."""


class RefusedError(Exception):
    """What the service would answer CloudFormation."""


@dataclass(frozen=True)
class Call:
    """A call that CloudFormation makes: the action, its resource, and what conditions compare."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def install() -> None:
    """Remember with whose rights each stack is changed, and ask for them."""
    actors: dict[tuple[str, ...], str] = {}
    handlers = patches.STACK_OPERATIONS.value
    for operation in _STACK_OPERATIONS:
        handlers[operation] = partial(_with_actor, actors, operation, handlers[operation])
    for seam, changes in ((patches.PROVISION, _created), (patches.UPDATE, _updated), (patches.DELETE, _deleted)):
        seam.wrap(partial(_ask, actors, changes))
    patches.wrap_type("AWS::IAM::Role", _keep_boundary)


def _with_actor(actors: dict[tuple[str, ...], str], operation: str, handler: Handler, parameters: Properties) -> Any:  # noqa: ANN401 - ministack has no types
    stack, change_set = parameter(parameters, "StackName"), parameter(parameters, "ChangeSetName")
    role, caller = parameter(parameters, "RoleARN"), str(patches.CALLER_ARN.value())
    if role and (refusal := refusal_of(caller, Call("iam:PassRole", role))):
        return patches.STACK_ERROR.value("AccessDenied", refusal, 403)
    of_stack, of_change_set = _scope(_name(stack)), _scope(_name(stack), _name(change_set))
    if operation == "CreateStack" or parameter(parameters, "ChangeSetType") == "CREATE":
        actors.pop(of_stack, None)
    if operation == "CreateChangeSet":
        actors[of_change_set] = role
    else:
        # a role stays with the stack: whoever changes it later without naming one acts with it
        before = actors.get(of_stack, "")
        actors[of_stack] = role or actors.get(of_change_set) or (before if ":role/" in before else caller)
    return handler(parameters)


def _ask(
    actors: Mapping[Any, str],
    changes: Callable[..., Iterator[Call]],
    provision: Operation,
    *given: Any,  # noqa: ANN401 - ministack has no types
    **named: Any,  # noqa: ANN401 - ministack has no types
) -> Any:  # noqa: ANN401 - ministack's answer
    stack = _stack_of(given, named)
    actor = actors.get(_scope(stack), "")
    for call in changes(given[0], given, stack) if actor else ():
        if refusal := refusal_of(actor, call):
            raise RefusedError(refusal)
    return provision(*given, **named)


def refusal_of(actor: str, call: Call) -> str | None:
    """Why IAM refuses a call to a role or a role's session, in AWS's words; no other caller's rights are checked."""
    if not is_role(actor):
        return None
    account, name = account_and_name(actor)
    policies = patches.ROLE_POLICIES.value(name, account)
    (*boundary,) = patches.ROLE_BOUNDARY.value(patches.ROLES.value, name, account)
    context = patches.EVALUATION_CONTEXT.value(
        principal_arn=f"arn:aws:iam::{account}:role/{name}",
        principal_type="AssumedRole",
        principal_account=account,
        action=call.action,
        resource_arn=call.resource,
        region=patches.REQUEST_REGION.value(),
        service_context={key.lower(): value for key, value in call.context.items()},
    )
    evaluate = patches.EVALUATE_IDENTITY.value
    if evaluate(context, policies, *boundary).decision == "Allow":
        return None
    kind = "permissions boundary" if evaluate(context, policies).decision == "Allow" else "identity-based policy"
    return (
        f"User: arn:aws:sts::{account}:assumed-role/{name}/AWSCloudFormation is not authorized to perform: "
        f"{call.action} on resource: {call.resource} because no {kind} allows the {call.action} action"
    )


def _created(type_: str, arguments: tuple[Any, ...], stack: str) -> Iterator[Call]:
    _, logical_id, properties, *_ = arguments
    made_up = f"{stack[:_KEPT_OF_A_NAME]}-{logical_id[:_KEPT_OF_A_NAME]}-ABCDEFGHIJKL"
    match type_:
        case "AWS::IAM::Role":
            role = _role(properties.get("RoleName") or made_up)
            yield Call("iam:CreateRole", role, _bounded(properties))
            yield from _policies_of_role(role, properties)
        case "AWS::IAM::Policy" | "AWS::IAM::RolePolicy":
            yield from _inline_policies(properties)
        case "AWS::IAM::ManagedPolicy":
            name = properties.get("ManagedPolicyName") or made_up
            yield Call("iam:CreatePolicy", f"arn:aws:iam::{_account()}:policy/{name}")
        case "AWS::KMS::Key":
            tags = {f"aws:RequestTag/{tag['Key']}": str(tag["Value"]) for tag in properties.get("Tags", ())}
            yield Call("kms:CreateKey", "*", tags)
        case "AWS::Backup::BackupSelection":
            passed = str(properties["BackupSelection"]["IamRoleArn"])
            yield Call("iam:PassRole", passed, {"iam:PassedToService": "backup.amazonaws.com"})
        case "AWS::DMS::Endpoint":
            yield from _handed_to_dms(properties)
        case "AWS::IAM::User":
            yield Call("iam:CreateUser", f"arn:aws:iam::{_account()}:user/{properties.get('UserName') or made_up}")
        case _:
            yield from _of_named(type_, properties, properties.get("Name") or made_up, "Create")


def _handed_to_dms(properties: Properties) -> Iterator[Call]:
    for settings in (properties.get("S3Settings", {}), properties.get("MySqlSettings", {})):
        for name in ("ServiceAccessRoleArn", "SecretsManagerAccessRoleArn"):
            if name in settings:
                yield Call("iam:PassRole", str(settings[name]), {"iam:PassedToService": "dms.amazonaws.com"})


def _updated(type_: str, arguments: tuple[Any, ...], stack: str) -> Iterator[Call]:
    _, physical_id, old, new, *_ = arguments
    if old == new:
        return
    match type_:
        case "AWS::IAM::Role" if new.get("RoleName") in (None, physical_id):
            role = _role(physical_id)
            if old.get("AssumeRolePolicyDocument") != new.get("AssumeRolePolicyDocument"):
                yield Call("iam:UpdateAssumeRolePolicy", role)
            if old.get("PermissionsBoundary") != new.get("PermissionsBoundary"):
                verb = "Put" if new.get("PermissionsBoundary") else "Delete"
                yield Call(f"iam:{verb}RolePermissionsBoundary", role, _bounded(new if verb == "Put" else old))
            yield from _policies_of_role(role, new)
        case "AWS::IAM::Policy" | "AWS::IAM::RolePolicy":
            yield from _inline_policies(new)
        case _ if type_ in _NAMED:
            yield from _of_named(type_, new, physical_id, "Update")
        case _:
            yield from _created(type_, (type_, physical_id, new), stack)


def _deleted(type_: str, arguments: tuple[Any, ...], _stack: str) -> Iterator[Call]:
    _, physical_id, properties, *_ = arguments
    if type_ == "AWS::IAM::Role":
        yield Call("iam:DeleteRole", _role(physical_id))
    else:
        yield from _of_named(type_, properties, physical_id, "Delete")


_NAMED: Mapping[str, tuple[str, str, str, str]] = {
    "AWS::CodeBuild::Project": ("codebuild", "Project", "project/", "ServiceRole"),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "Pipeline", "", "RoleArn"),
    "AWS::Lambda::Function": ("lambda", "Function", "function:", "Role"),
    "AWS::Glue::Job": ("glue", "Job", "job/", "Role"),
}
"""By type: the service, the thing in the names of its actions, the part of its ARN before the name, its role."""


def _of_named(type_: str, properties: Properties, name: str, verb: str) -> Iterator[Call]:
    if type_ == "AWS::S3::Bucket" and verb != "Update":
        bucket = str(properties.get("BucketName") or name).lower()
        yield Call(f"s3:{verb}Bucket", f"arn:aws:s3:::{bucket}")
    if type_ not in _NAMED:
        return
    service, thing, path, role = _NAMED[type_]
    own = properties.get(f"{thing}Name") or name
    verb = "UpdateFunctionConfiguration" if (service, verb) == ("lambda", "Update") else f"{verb}{thing}"
    yield Call(f"{service}:{verb}", f"arn:aws:{service}:{patches.REQUEST_REGION.value()}:{_account()}:{path}{own}")
    if (passed := properties.get(role)) and not verb.startswith("Delete"):
        arn = str(passed) if str(passed).startswith("arn:") else _role(str(passed))
        yield Call("iam:PassRole", arn, {"iam:PassedToService": f"{service}.amazonaws.com"})


def _policies_of_role(role: str, properties: Properties) -> Iterator[Call]:
    if properties.get("Policies"):
        yield Call("iam:PutRolePolicy", role, _bounded(properties))
    for policy in properties.get("ManagedPolicyArns", ()):
        yield Call("iam:AttachRolePolicy", role, {"iam:PolicyARN": str(policy), **_bounded(properties)})


def _inline_policies(properties: Properties) -> Iterator[Call]:
    for name in properties.get("Roles") or [properties.get("RoleName")]:
        boundary = (patches.ROLES.value.get(name) or {}).get("PermissionsBoundary")
        yield Call("iam:PutRolePolicy", _role(str(name)), _bounded({"PermissionsBoundary": boundary}))


def _keep_boundary(properties: Properties, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - ministack has no types
    made = make()
    role, boundary = patches.ROLES.value[made[0]], properties.get("PermissionsBoundary")
    if boundary:
        role["PermissionsBoundary"] = boundary
    else:
        role.pop("PermissionsBoundary", None)
    return made


def _bounded(properties: Properties) -> dict[str, str]:
    boundary = properties.get("PermissionsBoundary")
    return {"iam:PermissionsBoundary": str(boundary)} if boundary else {}


def _role(name: str) -> str:
    return f"arn:aws:iam::{_account()}:role/{name}"


def _account() -> str:
    return str(patches.REQUEST_ACCOUNT.value())


def _scope(*names: str) -> tuple[str, ...]:
    return (_account(), str(patches.REQUEST_REGION.value()), *names)


def _stack_of(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    """Ministack's operations name the stack after the properties; deletions may leave it out."""
    texts = [each for each in arguments[2:] if isinstance(each, str)]
    return _name(str(named.get("stack_name") or (texts[0] if texts else "")))


def _name(identity: str) -> str:
    """The name in an ARN of a stack or a change set."""
    return identity.split("/")[1] if identity.startswith("arn:") else identity


def parameter(parameters: Properties, name: str) -> str:
    """Return the first value of a request's parameter; empty if it has none."""
    value = parameters.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
