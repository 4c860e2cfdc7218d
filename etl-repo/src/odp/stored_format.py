"""The format of what a lake stores: items in DynamoDB, plans in S3.

Readers ignore fields that they do not know, so a field may be added without a new format. A change that an older reader
would misread needs one, and a migration (docs/deployment.md).
"""

from __future__ import annotations

FORMAT = 2
"""Format 1 had no number. It named buckets physically, and ids of files were hashes that no order follows from."""
