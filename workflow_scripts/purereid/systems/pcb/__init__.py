"""PCB: features of horizontal parts (Sun et al. 2018), the second baseline of "Generate and Purify"."""
