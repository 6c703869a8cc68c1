"""Rules that decide which generated images stay, one rule per file; all return the same table."""
