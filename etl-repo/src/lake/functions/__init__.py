"""What only Lambda functions have, with the packages that Glue jobs lack."""
