"""What a pipeline runs before and after a person approves a release; standard library alone, written into buildspecs.

Nothing of it comes from the artifacts of the release that is approved: it is part of the pipeline that is deployed.
"""
