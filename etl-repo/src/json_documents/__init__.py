"""JSON files that people write: read, checked by pydantic models, and described for editors.

`text`, `schema_file` and `suggestion` need the standard library alone; the other modules need pydantic, which Glue jobs
do not have.
"""
