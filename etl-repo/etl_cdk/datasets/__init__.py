"""Checks the taxi flow's datasets before they are deployed: what is deployed is not checked a second time."""
