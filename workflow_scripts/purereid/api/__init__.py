"""Encoders in use, from Python and from the command line; ``import purereid`` offers these functions."""
