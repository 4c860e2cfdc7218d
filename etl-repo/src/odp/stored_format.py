"""The format number of stored data: items in DynamoDB, plans in S3.

Readers ignore fields that they do not know, so a field may be added without a new format. A change that an older reader
would misread needs one, and a migration (docs/deployment.md).
"""

from __future__ import annotations

FORMAT = 2
"""Format 1 had no number. It stored physical bucket names, and file ids were hashes without an order."""
