"""Reads Avro's container files as the specification describes them, for readers that share no code with the lake.

https://avro.apache.org/docs/1.11.1/specification/
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_CODECS: Mapping[str, Callable[[bytes], bytes]] = {
    "null": lambda block: block,
    "deflate": lambda block: zlib.decompress(block, -zlib.MAX_WBITS),
}


class AvroError(ValueError):
    """The bytes are no container file that can be read."""


def read_records(content: bytes) -> list[dict[str, Any]]:
    """Every record of a container file, whatever its schema."""
    if not content.startswith(_MAGIC):
        raise AvroError("is no Avro container file")
    stream = BytesIO(content[len(_MAGIC) :])
    header = {key: value for block in _blocks(stream) for key, value in _entries(stream, block)}
    schema, codec = json.loads(header["avro.schema"]), header.get("avro.codec", b"null").decode()
    if codec not in _CODECS:
        raise AvroError(f"is compressed by {codec}, which this reader does not know")
    return list(_records(stream, _Decoder(schema), _CODECS[codec]))


def _records(stream: BytesIO, decoder: "_Decoder", decompress: Callable[[bytes], bytes]) -> Iterator[dict[str, Any]]:
    stream.read(_SYNC_BYTES)
    while stream.tell() < len(stream.getbuffer()):
        count, size = _long(stream), _long(stream)
        block = BytesIO(decompress(stream.read(size)))
        stream.read(_SYNC_BYTES)
        for _ in range(count):
            yield decoder.value(block)


class _Decoder:
    """Decodes values of one schema; a type that has a name may be used again by it."""

    def __init__(self, schema: Any) -> None:  # noqa: ANN401 - a name, a union or an object, as Avro writes types
        self._schema = schema
        self._named: dict[str, Any] = {}

    def value(self, stream: BytesIO) -> Any:  # noqa: ANN401 - whatever the schema says
        """Decode the next value."""
        return self._value(self._schema, stream)

    def _value(self, schema: Any, stream: BytesIO) -> Any:  # noqa: ANN401
        if isinstance(schema, list):
            return self._value(schema[_long(stream)], stream)
        if isinstance(schema, str):
            return self._value(self._named[schema], stream) if schema in self._named else _primitive(schema, stream)
        if "name" in schema:
            self._named[schema["name"]] = schema
        decode = getattr(self, f"_{schema['type']}", None) if isinstance(schema["type"], str) else None
        return decode(schema, stream) if decode else self._value(schema["type"], stream)

    def _record(self, schema: Any, stream: BytesIO) -> dict[str, Any]:  # noqa: ANN401
        return {field["name"]: self._value(field["type"], stream) for field in schema["fields"]}

    def _array(self, schema: Any, stream: BytesIO) -> list[Any]:  # noqa: ANN401
        return [self._value(schema["items"], stream) for block in _blocks(stream) for _ in range(block)]

    def _map(self, schema: Any, stream: BytesIO) -> dict[str, Any]:  # noqa: ANN401
        keys_first = (_bytes(stream).decode() for block in _blocks(stream) for _ in range(block))
        return {key: self._value(schema["values"], stream) for key in keys_first}

    def _fixed(self, schema: Any, stream: BytesIO) -> bytes:  # noqa: ANN401
        return stream.read(schema["size"])


def _primitive(name: str, stream: BytesIO) -> Any:  # noqa: ANN401 - as the name says
    if name not in _PRIMITIVES:
        raise AvroError(f"has the unknown type {name}")
    return _PRIMITIVES[name](stream)


def _blocks(stream: BytesIO) -> Iterator[int]:
    """The numbers of items of an array's or map's blocks; a negative one is followed by the block's size."""
    while (count := _long(stream)) != 0:
        if count < 0:
            _long(stream)
        yield abs(count)


def _entries(stream: BytesIO, count: int) -> Iterator[tuple[str, bytes]]:
    for _ in range(count):
        yield _bytes(stream).decode(), _bytes(stream)


def _bytes(stream: BytesIO) -> bytes:
    return stream.read(_long(stream))


def _long(stream: BytesIO) -> int:
    """Zigzag in groups of seven bits, the lowest first."""
    value, shift = 0, 0
    while True:
        (byte,) = stream.read(1) or (None,)
        if byte is None:
            raise AvroError("ends in the middle of a value")
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that another byte follows
            return (value >> 1) ^ -(value & 1)


_PRIMITIVES: Mapping[str, Callable[[BytesIO], Any]] = {
    "null": lambda _: None,
    "boolean": lambda stream: stream.read(1) == b"\x01",
    "int": _long,
    "long": _long,
    "float": lambda stream: struct.unpack("<f", stream.read(4))[0],
    "double": lambda stream: struct.unpack("<d", stream.read(8))[0],
    "bytes": _bytes,
    "string": lambda stream: _bytes(stream).decode(),
}
