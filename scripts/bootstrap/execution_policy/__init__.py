"""The rights of CloudFormation in an account, instead of AdministratorAccess."""
