"""A queue of the test's own that keeps what services say."""

import json
from typing import Any

from rehearsal.demo.deployed_lake import DeployedLake

MOST_AT_ONCE = 10


class Inbox:
    """Everything that services have sent to a queue, in the order in which it came."""

    def __init__(self, lake: DeployedLake, name: str, sender: str) -> None:
        self._sqs = lake.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        described = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.arn: str = described["Attributes"]["QueueArn"]
        may_send = {
            "Effect": "Allow", "Principal": {"Service": sender}, "Action": "sqs:SendMessage", "Resource": self.arn,
        }  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        self._received: list[dict[str, Any]] = []

    def received(self) -> list[dict[str, Any]]:
        """What has come so far."""
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=MOST_AT_ONCE).get(
            "Messages"
        ):
            for message in messages:
                self._received.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return list(self._received)
