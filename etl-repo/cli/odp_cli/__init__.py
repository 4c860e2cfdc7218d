"""The odp command: what a person does with manifests and tables; never deployed."""
