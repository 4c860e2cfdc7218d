"""What `cdk bootstrap` leaves behind, as far as a deployment needs it: the assets' bucket and the version parameter."""

from rehearsal.deployment.assembly import Assembly, FileAsset
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.buildspec import packed

_NEWEST_VERSION = 30


def bootstrap(assembly: Assembly, emulator: Emulator) -> None:
    """Make the buckets and parameters that the assembly's stacks expect of a bootstrapped account."""
    for account, region, bucket in {(asset.account, asset.region, asset.bucket) for asset in assembly.assets}:
        s3 = emulator.client("s3", account=account, region=region)
        if bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket)
    for account, region, name in {(made.account, made.region, made.bootstrap_parameter) for made in assembly.stacks}:
        if name:
            ssm = emulator.client("ssm", account=account, region=region)
            ssm.put_parameter(Name=name, Value=str(_NEWEST_VERSION), Type="String", Overwrite=True)


def publish(assembly: Assembly, emulator: Emulator) -> int:
    """Upload the file assets and return how many there are."""
    for asset in assembly.assets:
        s3 = emulator.client("s3", account=asset.account, region=asset.region)
        s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=_content(asset))
    return len(assembly.assets)


def _content(asset: FileAsset) -> bytes:
    if not asset.is_folder:
        return asset.path.read_bytes()
    return packed(asset.path, sorted(path for path in asset.path.rglob("*") if path.is_file()))
