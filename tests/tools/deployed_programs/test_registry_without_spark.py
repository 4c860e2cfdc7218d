"""What functions import of the table formats starts without Spark, which Lambda has not."""

import subprocess
import sys


def test_registry_needs_no_spark() -> None:
    """The Lambda functions that read capabilities have none."""
    program = "import sys; import lake.tables.registry; sys.exit('pyspark' in sys.modules or 'py4j' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
