"""What flows write down in DynamoDB: every state change is a conditional write or a transaction."""
