"""Pictures, curves and tables of the report."""
