"""Pose-guided generator of the generate-and-purify system: a person of one image in the pose of another."""
