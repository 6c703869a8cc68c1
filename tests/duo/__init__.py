"""A system of two stages that yields an encoder and a generator; a test adds it to the workflow."""
