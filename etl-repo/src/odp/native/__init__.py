"""Makes the final rows of a refresh in Arrow, by the same rules as `odp.file_processor.apply` does with Spark."""
