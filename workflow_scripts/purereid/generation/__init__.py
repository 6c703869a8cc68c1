"""Generated images: what is asked for, drawn, spoiled on purpose, and listed."""
