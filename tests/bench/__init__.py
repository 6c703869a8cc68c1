"""Time and memory of what is slow, beside the limits of the machine and other ways of doing the same."""
