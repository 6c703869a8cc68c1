"""What every trainer shares: loop, checkpoint, schedule, processes, curves, progress."""
