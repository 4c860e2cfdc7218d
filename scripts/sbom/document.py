"""The bill of materials as CycloneDX's own library writes and validates it."""

from __future__ import annotations

from collections.abc import Iterable

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from scripts.sbom.locks import LockedPackage, Use

PROPERTY = "odp-data-lake"
VERSION = SchemaVersion.V1_6
_ALGORITHMS = {"sha256": HashAlgorithm.SHA_256, "sha512": HashAlgorithm.SHA_512}
_DEPLOYED = (
    f"those used for {Use.FUNCTIONS}; beside them templates, Lambda functions and Glue jobs hold this project's own "
    "code only, and boto3 and Spark are brought by the services"
)


def document(packages: Iterable[LockedPackage], *, name: str, version: str) -> str:
    """Return the bill of materials as JSON; one that its schema refuses is an error."""
    bom = Bom()
    project = Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=name,
        licenses=[LicenseExpression("Apache-2.0")],
        properties=[Property(name=f"{PROPERTY}:components-deployed", value=_DEPLOYED)],
    )
    bom.metadata.component = project
    components = {(package.lock, package.name): _component(package) for package in packages}
    for component in components.values():
        bom.components.add(component)
    bom.register_dependency(project, components.values())
    text: str = make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=1)
    if error := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"the bill of materials is not what CycloneDX {VERSION.to_version()} asks for: {error}")
    return text


def _component(package: LockedPackage) -> Component:
    namespace, name = _named(package)
    purl = PackageURL(package.ecosystem, namespace or None, name, package.version)
    hashes = [HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in package.hashes]
    return Component(
        name=name,
        group=namespace or None,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package.lock}#{package.name}",
        purl=purl,
        scope=ComponentScope.EXCLUDED if package.use is Use.DEVELOPMENT else ComponentScope.REQUIRED,
        hashes=hashes if len(hashes) == 1 else (),
        external_references=_files(purl, hashes) if len(hashes) > 1 else (),
        properties=[Property(name=f"{PROPERTY}:{name}", value=value) for name, value in _facts(package) if value],
    )


def _named(package: LockedPackage) -> tuple[str, str]:
    separator = {"maven": ":", "npm": "/"}.get(package.ecosystem)
    namespace, _, name = package.name.rpartition(separator) if separator else ("", "", package.name)
    return namespace, name


def _files(purl: PackageURL, hashes: Iterable[HashType]) -> list[ExternalReference]:
    """Several hashes belong to several files, so they are not hashes of the component."""
    kind, url = ExternalReferenceType.DISTRIBUTION, XsUri(purl.to_string())
    return [ExternalReference(type=kind, url=url, hashes=hashes, comment="each hash is that of one of its files")]


def _facts(package: LockedPackage) -> list[tuple[str, str]]:
    return [("used-for", package.use), ("lock", package.lock), ("only-where", package.marker)]
