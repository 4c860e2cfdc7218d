"""How AWS DMS replicates a source database into the staging bucket: the settings that differ between databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from deployment_account.model import Model
from deployment_account.networks import private_network

Engine = Literal["mysql", "mariadb", "postgres"]
Kind = Literal["serverless", "instance"]
CapacityUnits = Literal[1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384]
"""https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html; one has 2 GB of memory."""
SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
CertificateArn = Annotated[str, Field(pattern=r"^arn:aws:dms:[a-z0-9-]+:\d{12}:cert:[A-Za-z0-9-]+$")]
FEWEST_ZONES = 2
"""DMS refuses a subnet group in one zone."""
LONGEST_IDENTIFIER = 31
"""Of a resource of DMS whose ARN has a name of ours."""
_PORTS: Mapping[Engine, int] = {"mysql": 3306, "mariadb": 3306, "postgres": 5432}


def _network(text: str) -> str:
    private_network(text, "; DMS reaches the database through the VPC, never the internet")
    return text


PrivateNetwork = Annotated[str, Field(examples=["10.50.0.0/24", "10.50.3.7/32"]), AfterValidator(_network)]


class Capacity(Model):
    """The least and the most that a serverless replication takes, in DMS capacity units of 2 GB."""

    minimum: CapacityUnits = 1
    maximum: CapacityUnits = 4
    multi_az: StrictBool = False
    """Whether a second zone takes over; doubles the price."""

    @model_validator(mode="after")
    def _least_is_not_above_most(self) -> Capacity:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum: {self.minimum} is more than maximum {self.maximum}")
        return self


class Instance(Model):
    """The instance on which a task runs."""

    instance_class: Annotated[str, Field(pattern=r"^dms\.[a-z][a-z0-9]*\.[a-z0-9]+$")] = "dms.t3.medium"
    storage_gb: Annotated[int, Field(strict=True, ge=5, le=6144)] = 50
    """For cached changes and logs; a full disk stops the task."""
    multi_az: StrictBool = False
    """Whether a second zone takes over; doubles the price."""


class External(Model):
    """No replication of this platform: another team or tool writes the files."""

    kind: Literal["external"] = "external"

    @model_validator(mode="before")
    @classmethod
    def _names_no_database(cls, written: object) -> object:
        others = ", ".join(str(name) for name in written if name != "kind") if isinstance(written, dict) else ""
        if others:
            raise ValueError(
                f"kind: external, so another team or tool writes the files: leave {others} out, or write serverless or "
                "instance"
            )
        return written


class Replication(Model):
    """A replication by AWS DMS: which database, how DMS reaches it, and what it may take.

    The tables are those that the manifests name. The name of the server is in the secret, because DMS accepts a
    server's name or a secret and refuses both.
    """

    kind: Kind = "serverless"
    """serverless takes capacity as it needs it; an instance costs by the hour, and its task may start at a position.

    A third kind is external: another team or tool writes the files, and nothing else is said of the source.
    """
    engine: Engine
    network: PrivateNetwork
    """The network of the database server, which DMS may reach at the port and nothing else there."""
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = None
    """The server's port, by default that of the engine; the secret has the same."""
    secret: SecretName
    """One of the platform's secrets. Its value is a JSON object with username, password, host and port."""
    tls: Literal["verify-full", "verify-ca", "require", "none"] = "verify-full"
    """How DMS checks the server's certificate; require, of postgres only, checks none, and none does not encrypt."""
    certificate_arn: CertificateArn | None = None
    """For verify-…: the authority's certificate, as `aws dms import-certificate` has put it into the account."""
    database: Annotated[str, Field(max_length=63)] = ""
    """Of postgres only: the database in which the schemas are."""
    capacity: Capacity | None = None
    """Of serverless replications, if not one to four units in one zone."""
    instance: Instance | None = None
    """Of the kind instance, if not the smallest one in one zone."""
    upper_case_columns: StrictBool = False
    """Whether DMS writes the names of columns in upper case, as the reference framework expects them."""
    operation_column: Column | None = None
    """A further column with the operation of a change as DMS names it; `Op` says the same for the framework."""
    file_seconds: Annotated[int, Field(strict=True, ge=2, le=3600)] = 60
    """The most seconds of changes in a file; no table can be fresher."""
    file_kilobytes: Annotated[int, Field(strict=True, ge=100, le=1_048_576)] = 32_000
    """The size at which a file of changes is written although its seconds are not over."""
    largest_text_kilobytes: Annotated[int, Field(strict=True, ge=1, le=102_400)] = 64
    """DMS cuts longer texts and binary values off (limited LOB mode, the only one to S3): choose it large enough."""
    on_truncate: Literal["stop", "ignore"] = "stop"
    """What becomes of a replication whose source table is truncated: stop, or the lake keeps the rows."""

    @field_validator("kind", mode="before")
    @classmethod
    def _kind_is_known(cls, written: object) -> object:
        if written not in get_args(Kind):
            raise ValueError(f"kind: {written!r} is not known; write {', '.join(get_args(Kind))} or external")
        return written

    @property
    def server_port(self) -> int:
        """The port of the database server."""
        return self.port or _PORTS[self.engine]

    @model_validator(mode="after")
    def _size_is_of_the_kind(self) -> Replication:
        if self.capacity and self.kind == "instance":
            raise ValueError("capacity: only serverless replications have it; write instance, or leave kind out")
        if self.instance and self.kind == "serverless":
            raise ValueError('instance: only with "kind": "instance"')
        return self

    @model_validator(mode="after")
    def _certificates_are_checked_against_one(self) -> Replication:
        if self.tls == "require" and self.engine != "postgres":
            raise ValueError(f"tls: DMS knows require for postgres only; {self.engine} takes verify-ca or verify-full")
        if self.tls.startswith("verify") and not self.certificate_arn:
            raise ValueError(
                f"certificate_arn: {self.tls} checks the server's certificate against an authority's; import that by "
                'aws dms import-certificate and write its ARN, or write "tls": "none" for a database without TLS'
            )
        return self

    @model_validator(mode="after")
    def _postgres_has_databases(self) -> Replication:
        if self.engine == "postgres" and not self.database:
            raise ValueError("database: name the database of the postgres server in which the schemas are")
        if self.engine != "postgres" and self.database:
            raise ValueError(f"database: {self.engine} has schemas only, which the manifests name; leave it out")
        return self
