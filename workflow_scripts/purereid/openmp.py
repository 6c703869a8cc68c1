"""How threads of OpenMP, with which PyTorch computes on CPUs, wait for each other.

By itself GNU's OpenMP, which PyTorch brings along, lets a thread that waits turn in a loop for a while, which saves
waking it. That pays where each thread has a core. Where other processes want the cores, it takes the time of those for
which it waits, and a step takes many times as long (docs/speed.md).
"""

import os

HOW_TO_WAIT = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # variables of the environment that say it
ASLEEP = {"OMP_WAIT_POLICY": "passive"}


def sleep_while_waiting() -> None:
    """Let threads sleep while they wait, in processes begun from here on, unless the user has said how they wait."""
    if not os.environ.keys() & set(HOW_TO_WAIT):
        os.environ.update(ASLEEP)
