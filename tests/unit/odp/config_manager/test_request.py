"""The document by which manifests reach an account."""

import pytest
from odp.config_manager.request import REQUEST_KEY, RequestContent, read_request, write_request
from odp.errors import ManifestError


def test_request_is_read_as_it_was_written() -> None:
    content = RequestContent("abc123", "pipeline odp-dev-etl", {"a.json": '{"batch_configs": []}', "b.json": "é{"})
    assert read_request(write_request(content)) == content


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"\xff\xfe\x00", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "is no configuration request"),
        (b'{"commit": "a", "requested_by": "b"}', "is no configuration request"),
        (b'{"commit": "a", "requested_by": "b", "manifests": []}', "is no configuration request"),
        (b'{"commit": 1, "requested_by": "b", "manifests": {}}', "is no configuration request"),
        (b'{"commit": "a", "requested_by": "b", "manifests": {"a.json": {}}}', "is no configuration request"),
        (
            b'{"commit": "a", "requested_by": "b", "manifests": {}, "format": 3}',
            "in format 3, .* deploy a newer",
        ),
        (b'{"commit": "a", "requested_by": "b", "manifests": {}, "format": "2"}', "in format '2'"),
        (b'{"commit": "a", "requested_by": "b", "manifests": {}, "format": true}', "in format True"),
    ],
)
def test_anything_else_is_refused_with_the_shape_that_is_wanted(document: bytes, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason) as refused:
        read_request(document)
    assert refused.value.problems[0].startswith(REQUEST_KEY)


@pytest.mark.parametrize("more", ["", ', "format": 1', ', "format": 2, "reviewed_by": {"name": "c"}'])
def test_request_of_an_earlier_or_later_release_of_this_format_is_read(more: str) -> None:
    document = f'{{"commit": "a", "requested_by": "b", "manifests": {{}}{more}}}'
    assert read_request(document.encode()) == RequestContent("a", "b", {})
