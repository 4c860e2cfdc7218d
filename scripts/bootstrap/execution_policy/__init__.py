"""What CloudFormation may do in an account on behalf of this platform, instead of AdministratorAccess."""
