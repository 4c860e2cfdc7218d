"""A resource that any account may ask for and none can have."""

FAILING = {
    "Type": "Custom::CDKBucketDeployment",
    "Properties": {
        "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:never-called",
        "SourceBucketNames": ["no-such-bucket"],
        "SourceObjectKeys": ["asset.zip"],
        "DestinationBucketName": "no-such-bucket",
    },
}
"""Its source is not there, so its creation begins and fails."""
