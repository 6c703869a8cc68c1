"""How a run of Snakemake ends before its time, and its jobs with it.

On SIGTERM Snakemake alone waits until its jobs have come to their ends by themselves, and on SIGINT too, unless a
terminal has sent that to all processes at once: then they break off wherever they are. Here both signals do the same.
Jobs do not heed the terminal (``SHELL_PREFIX``); Snakemake tells them by SIGTERM, as SLURM does, and waits. A training
then saves its state, other jobs just end.
"""

import signal
import threading
import time
from contextlib import suppress

import psutil

from purereid.signals import heed

# Of the shell around each script. It hears SIGTERM, of SLURM, but waits for the script; before 5.1 bash would else end
# at once, and Snakemake would take the job for over.
SHELL_PREFIX = "set -euo pipefail; trap '' INT; trap : TERM; "
SCRIPTS = "/.snakemake/scripts/"  # where Snakemake puts them
PAUSE = 0.2  # seconds between two looks for jobs


class Stop:
    """Ends the jobs of this process, which is Snakemake's, when it is asked to end.

    Attributes:
        wanted: whether it was asked.
    """

    def __init__(self):
        self.wanted, self.number = False, signal.SIGTERM

    def heed(self) -> None:
        """Begin to heed signals; to be called once Snakemake has set its own handlers."""
        heed(self._stop)

    def _stop(self, number: int, _: object) -> None:
        if not self.wanted:
            self.wanted = True
            threading.Thread(target=self._tell_jobs, daemon=True).start()
            raise KeyboardInterrupt  # Snakemake cancels what it has submitted, and waits for its own jobs
        if number == signal.SIGINT:  # the user's patience is over
            self.number = signal.SIGKILL

    def _tell_jobs(self) -> None:
        """Send each job the signal, as long as this process lives: a job may just have been starting."""
        told = set()
        while True:
            for process in psutil.Process().children(recursive=True):
                concerned: list[psutil.Process] = []
                with suppress(psutil.Error):  # it has just ended
                    concerned = self._concerned(process)
                for each in concerned:
                    if (each, self.number) not in told:
                        told.add((each, self.number))
                        with suppress(psutil.Error):
                            each.send_signal(self.number)
            time.sleep(PAUSE)

    def _concerned(self, process: psutil.Process) -> list[psutil.Process]:
        """A script, which sees to its own processes; these too when it is killed."""
        if not any(SCRIPTS in word for word in process.cmdline()[1:2]):
            return []
        return [process, *(process.children(recursive=True) if self.number == signal.SIGKILL else [])]
