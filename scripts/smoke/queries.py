"""Asks Athena as an analyst does."""

from __future__ import annotations

from dataclasses import dataclass

from deployment_account.names import Taxi
from scripts.smoke.lake import SmokeLake
from scripts.smoke.made import Made, Phase
from scripts.smoke.outcome import StepFailedError
from scripts.smoke.patience import Patience

ADVICE = (
    "run the query in Athena's console; AccessDenied or 'insufficient permissions' means Lake Formation (docs/"
    "deployment.md, step 5) or the key; HIVE_… means that the table's files and its catalog entry differ"
)


@dataclass(frozen=True)
class Queries:
    """Queries in the lake's workgroup, whose settings no client overrides."""

    lake: SmokeLake
    made: Made
    patience: Patience

    def ask(self, sql: str, database: str) -> list[list[str]]:
        """Return the rows of the answer as text.

        Raises:
            StepFailedError: the query failed.
        """
        athena = self.lake.client("athena")
        query = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database},
            WorkGroup=self.lake.published(Taxi.ATHENA_WORKGROUP),
        )["QueryExecutionId"]
        ended = self.patience.until(
            f"Athena query {query}",
            lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"],
            lambda found: found["Status"]["State"] not in {"QUEUED", "RUNNING"},
        )
        self._note_result(ended.get("ResultConfiguration", {}).get("OutputLocation", ""))
        if ended["Status"]["State"] != "SUCCEEDED":
            reason = ended["Status"].get("StateChangeReason", "")
            raise StepFailedError(f"Athena query {query} ended as {ended['Status']['State']}: {reason}", advice=ADVICE)
        _, *rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]

    def _note_result(self, location: str) -> None:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        if not key:
            return

        def remove() -> None:
            for name in (key, f"{key}.metadata"):
                self.lake.s3.delete_object(Bucket=bucket, Key=name)

        self.made.note(
            Phase.LAKE, f"query result {key}", remove, by_hand=f"delete {location}, or wait until it expires"
        )
