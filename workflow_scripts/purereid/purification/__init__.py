"""Affinity graph of features: neighbours, link prediction, purification."""
