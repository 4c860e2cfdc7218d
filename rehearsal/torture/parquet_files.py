"""Files of DMS as the bytes of Parquet files."""

import pyarrow as pa
import pyarrow.parquet as pq

from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.source_table import BIGINT, DOUBLE, FLOAT, INT, STRING

_TYPES = {INT: pa.int32(), BIGINT: pa.int64(), FLOAT: pa.float32(), DOUBLE: pa.float64(), STRING: pa.string()}


def parquet(file: DmsFile) -> bytes:
    """The Parquet file, or something else if it is a broken one."""
    if not file.columns:
        return b"no Parquet"
    columns = {
        name: pa.array([row.get(name) for row in file.rows], _TYPES[type_]) for name, type_ in file.columns.items()
    }
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), buffer, compression="none", store_schema=False)
    content: bytes = buffer.getvalue().to_pybytes()
    return content
