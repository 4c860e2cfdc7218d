"""The artifacts of one execution in the pipeline's bucket, read and written with the rights of whoever acts."""

import secrets
from dataclasses import dataclass

from botocore.exceptions import ClientError

from rehearsal.emulator.key_use import key_refusal
from rehearsal.emulator.role_sessions import RoleSession
from rehearsal.pipeline.access import PIPELINE_STACK, Access, is_denied
from rehearsal.pipeline.definition import Definition
from rehearsal.pipeline.errors import ActionFailedError

_NAME_LENGTH = 20


@dataclass(frozen=True)
class Actor:
    """A session and the role that it is of."""

    session: RoleSession
    role_arn: str


class ArtifactStore:
    """Where the actions of one execution leave artifacts for each other."""

    def __init__(self, definition: Definition, access: Access) -> None:
        self._definition, self._access = definition, access
        self._keys: dict[str, str] = {}

    def put(self, actor: Actor, name: str, content: bytes) -> str:
        """Write an artifact and give its key in the bucket."""
        key = f"{self._definition.name[:_NAME_LENGTH]}/{name[:_NAME_LENGTH]}/{secrets.token_hex(4)}"
        encryption = {}
        if self._definition.key_arn:
            self._require_key(actor, "kms:GenerateDataKey")
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._definition.key_arn}
        s3 = self._access.client(actor.session, "s3")
        try:
            s3.put_object(Bucket=self._definition.bucket, Key=key, Body=content, **encryption)
        except ClientError as error:
            raise self._explained(error, actor, "s3:PutObject") from error
        self._keys[name] = key
        return key

    def get(self, actor: Actor, name: str) -> bytes:
        """Read an artifact that an earlier action has written."""
        if name not in self._keys:
            raise ActionFailedError(f"no action before this one has made the artifact {name}")
        s3 = self._access.client(actor.session, "s3")
        try:
            content: bytes = s3.get_object(Bucket=self._definition.bucket, Key=self._keys[name])["Body"].read()
        except ClientError as error:
            raise self._explained(error, actor, "s3:GetObject") from error
        if self._definition.key_arn:
            self._require_key(actor, "kms:Decrypt")
        return content

    def _require_key(self, actor: Actor, action: str) -> None:
        """S3 checks its caller's rights in KMS; the emulator does not, so this method does."""
        if refusal := key_refusal(actor.session, action, str(self._definition.key_arn)):
            raise ActionFailedError(f"link key policy: {refusal}. To mend it: {PIPELINE_STACK}")

    def _explained(self, error: ClientError, actor: Actor, action: str) -> Exception:
        if not is_denied(error):
            return error
        return ActionFailedError(self._access.why_no_object(actor.role_arn, action, self._definition.bucket))
