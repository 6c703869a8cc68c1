"""Faults that are put into the package on purpose, each of which the tests must notice (``make mutants``)."""
