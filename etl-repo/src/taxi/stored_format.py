"""The format number of the flow's stored data: items of taxi_audit, bundles and outcomes in S3.

Readers ignore fields that they do not know, so a field may be added without a new format. A change that an older reader
would misread needs one, and a migration.
"""

from __future__ import annotations

FORMAT = 1
"""Data without a number also has this format."""
