"""Names of columns in curves.csv that trainers write and plots look for."""

SPEED = ("images_per_second", "waiting")
HELD_OUT = "held_out_"  # before the names of scores and losses that are not those of the training batches
