"""The cost of a run on AWS, if it took as long there as here: compute alone, at list prices."""

from functools import cache

from scripts.idle_cost.assumptions import BILLED_SECONDS
from scripts.idle_cost.pricing import PriceList

SECONDS_OF_AN_HOUR = 3_600
MEGABYTES_OF_A_GIGABYTE = 1_024
FLEX = "FLEX"


def glue_usd(seconds: float, worker_type: str, workers: int, execution_class: str = "STANDARD") -> float:
    """The cost of a Glue run of at least a minute; a G.1X worker is one DPU, a G.2X two."""
    dpus = workers * int(worker_type.partition(".")[2].removesuffix("X"))
    price = _prices().usd("glue_flex_dpu_hour" if execution_class == FLEX else "glue_dpu_hour")
    return dpus * max(seconds, BILLED_SECONDS.value) / SECONDS_OF_AN_HOUR * price


def function_usd(seconds: float, megabytes: int) -> float:
    """The cost of one call of a Lambda function on Arm: the request, and the memory while it ran."""
    gigabyte_seconds = seconds * megabytes / MEGABYTES_OF_A_GIGABYTE
    return _prices().usd("function_request") + gigabyte_seconds * _prices().usd("function_gb_second")


@cache
def _prices() -> PriceList:
    return PriceList.read()
