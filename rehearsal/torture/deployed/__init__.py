"""Stories on a lake that is deployed in the emulator: real Glue runs, real Spark, real Hudi."""
