"""What a researcher sees of a running, finished or broken workflow (``make status``, ``make dag``).

Nothing is recorded for it: ``planned_jobs`` asks Snakemake what is done, ``reasons`` says in a few words why something
is not, ``attempts`` reads the logs of the jobs, ``report`` puts it together, ``picture`` draws it.
"""
