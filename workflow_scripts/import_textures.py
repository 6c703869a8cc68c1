"""Bring the textures of a data set to one file (rule ``import_textures``)."""

from pathlib import Path

from purereid.job import job
from purereid.textures.import_textures import import_textures

if __name__ == "__main__":
    with job(snakemake) as this:
        given = dict(snakemake.input.items())
        folder = given["folder"][0] if "folder" in given else Path(given.pop("rendered")).parent
        import_textures(**given | {"folder": Path(folder)}, **snakemake.output, **snakemake.params.settings)
