"""The ports' DynamoDB side: every state change is a conditional write or a transaction."""
