"""Whether results are what was made, and what Snakemake knows of them; nothing here makes an artifact.

``stock`` looks at them before a run, ``snakemake_records`` restores what Snakemake has forgotten, ``verify`` reads all.
"""
