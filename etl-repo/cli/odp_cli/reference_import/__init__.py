"""Turns the configuration files of the reference framework into a manifest, each decision with the entries concerned.

The steps: `json_text` reads a file, `exported_shapes` finds its entries, `entry_fields` names their fields as manifests
do, `spellings` writes their values as manifests do, `source_schemas` and `bucket_roles` add what the files do not say,
`repetitions` and `cadences` compare entries. `importing` runs them; `import_log` keeps what they decide and refuse.
"""
