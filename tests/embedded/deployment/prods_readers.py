"""What prod's reviewed template makes for readers, deployed beside prod's storage, with tables to read."""

import json
from pathlib import Path
from typing import Any

from rehearsal.emulator.process import Emulator
from tests.embedded.deployment.prods_storage import ACCOUNT, Client, clients_with

ANALYSTS_ACCOUNT = "999999999999"
READER = f"arn:aws:iam::{ACCOUNT}:role/odp-prod-reader"
RAW, CONFORMED, PURPOSE_BUILT = "odpf_sales_raw", "nyc_taxi_conformed", "nyc_taxi_purpose_built"
BUCKETS = {RAW: "Raw", CONFORMED: "Conformed", PURPOSE_BUILT: "PurposeBuilt"}
"""The lake's databases, and where their tables lie."""
_TEMPLATE = Path(__file__).resolve().parents[2] / "synth" / "snapshots" / "prod" / "etl-Taxi.json"
_STACK = "odp-prod-etl-Taxi"


def deploy_readers(emulator: Emulator) -> None:
    """Deploy the role, the workgroup and its saved queries as the etl stage has them."""
    template = json.loads(_TEMPLATE.read_text())
    kept = {
        id_: resource
        for id_, resource in template["Resources"].items()
        if id_.startswith("Reader") or resource["Type"].startswith("AWS::Athena::")
    }
    named = json.dumps(kept)
    parameters = {id_: one for id_, one in template["Parameters"].items() if f'"{id_}"' in named}
    body = json.dumps({"Parameters": parameters, "Resources": kept}, separators=(",", ":"))
    client = emulator.client("cloudformation", account=ACCOUNT)
    client.create_stack(StackName=_STACK, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=_STACK, WaiterConfig={"Delay": 1})


def make_table(emulator: Emulator, database: str, location: str, rows: bytes = b"1,2.5\n") -> None:
    """Make a database with a table `facts` of one file somewhere in a bucket."""
    glue = emulator.client("glue", account=ACCOUNT)
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    emulator.client("s3", account=ACCOUNT).put_object(Bucket=bucket, Key=f"{prefix}/file.csv", Body=rows)
    if database not in {each["Name"] for each in glue.get_databases()["DatabaseList"]}:
        glue.create_database(DatabaseInput={"Name": database})
    columns = [{"Name": "zone", "Type": "int"}, {"Name": "fare", "Type": "double"}]
    storage = {"Columns": columns, "Location": location, "SerdeInfo": {}}
    table = {"Name": prefix.rsplit("/", 1)[-1], "StorageDescriptor": storage}
    glue.create_table(DatabaseName=database, TableInput=table)


def role_elsewhere(emulator: Emulator, name: str, account: str = ANALYSTS_ACCOUNT, path: str = "/") -> Client:
    """Make a role in another account that may take the reader's role as far as its own policy goes; its clients."""
    iam = emulator.client("iam", account=account)
    trust = _policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:*"})
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    allowed = _policy({"Effect": "Allow", "Action": "sts:*", "Resource": READER})
    iam.put_role_policy(RoleName=name, PolicyName="reader", PolicyDocument=allowed)
    arn = f"arn:aws:iam::{account}:role{path}{name}"
    return _clients(emulator, emulator.client("sts", account=account).assume_role(RoleArn=arn, RoleSessionName="ann"))


def take_reader(emulator: Emulator, sts: Any, **more: Any) -> Client:
    """Take the reader's role; gives its clients."""
    return _clients(emulator, sts.assume_role(RoleArn=READER, RoleSessionName="ann", **more))


def _clients(emulator: Emulator, taken: dict[str, Any]) -> Client:
    found = taken["Credentials"]
    return clients_with(emulator, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
