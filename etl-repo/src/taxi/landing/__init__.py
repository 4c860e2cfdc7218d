"""Landing: registers every object that lands in the raw bucket, once, and starts the executions that load them."""
