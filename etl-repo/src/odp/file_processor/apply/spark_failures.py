"""Names the cause of a failed Spark job: a row that was refused, a file that is gone, a key without a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from lake.errors import ObjectGoneError, RejectedInputError
from lake.spark_session import hadoop_configuration, hadoop_path
from lake.tables.change import KeyWithoutValueError
from odp.file_processor.apply.table_format import format_of
from odp.records import LandedFile, RawTableConfig

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

_BEGIN, _END = "<odp-refuses>", "</odp-refuses>"
_REFUSAL = re.compile(f"{re.escape(_BEGIN)}(.*?){re.escape(_END)}", re.DOTALL)
_UNREAD = re.compile(r"Encountered error while reading file (\S+?)\. ")
_DAMAGE = re.compile(
    r"can not read class org\.apache\.parquet\.format|ParquetDecodingException|FAILED_TO_UNCOMPRESS|\bcorrupt"
)
_GONE = re.compile(r"FileNotFound|PATH_NOT_FOUND|does not exist|NoSuchKey|Status Code: 404")


def refusal(advice: str, found: Column) -> Column:
    """Return an expression that fails its job with what was found and what to do; no job of its own looks for it."""
    return F.raise_error(F.concat(F.lit(_BEGIN), found, F.lit(f" {advice}{_END}")))


@contextmanager
def explained(spark: SparkSession, config: RawTableConfig, files: Sequence[LandedFile]) -> Iterator[None]:
    """Turn failures of reading and writing into errors of this framework where their cause is known.

    Raises:
        ObjectGoneError: a landed file is not there any more.
        RejectedInputError: a row cannot be kept, or a file is damaged.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException, KeyWithoutValueError) as error:
        text = str(error)
        if refused := _REFUSAL.search(text):
            message = f"{config.source_table_name}: {refused[1]}"
            raise RejectedInputError(message) from error
        if isinstance(error, KeyWithoutValueError):
            message = (
                f"{config.source_table_name}: a row has no value in its key {', '.join(config.primary_key)} (NULL "
                f"or an empty text), which {format_of(config).capabilities.name} cannot keep; name columns as "
                "primary_key that every row has"
            )
            raise RejectedInputError(message) from error
        if (unread := _UNREAD.search(text)) and _DAMAGE.search(text):
            message = (
                f"{config.source_table_name}: {unread[1]} is damaged, so its rows cannot be read; odp skip the file "
                "and load the table again"
            )
            raise RejectedInputError(message) from error
        if _GONE.search(text) and (gone := [file.uri for file in files if not _is_there(spark, file.uri)]):
            message = (
                f"{config.source_table_name}: {', '.join(gone)} was deleted after the refresh was planned; the next "
                "refresh notices it"
            )
            raise ObjectGoneError(message) from error
        raise


def _is_there(spark: SparkSession, uri: str) -> bool:
    path = hadoop_path(spark, uri)
    return bool(path.getFileSystem(hadoop_configuration(spark)).exists(path))
