"""Unconditional generator of LSRO: people who are nobody in particular."""
