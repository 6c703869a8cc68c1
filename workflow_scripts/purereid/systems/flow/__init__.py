"""Pose-guided rectified flow: a person of one image in the pose of another, step by step out of noise."""
