"""The software bill of materials of the lock files, as CycloneDX has it."""
