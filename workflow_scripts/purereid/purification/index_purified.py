"""The training set of an experiment with a purifier, as an index (rule ``index_purified``)."""

from pathlib import Path

from purereid.data.index import read_index, write_index
from purereid.data.purified_file import read_purified
from purereid.errors import UserError
from purereid.logs import log


def index_purified(*, index: str | Path, kept: str | Path, purified: str | Path) -> None:
    """Write the real images and those generated ones that were kept as one index.

    Args:
        index: real and generated images.
        kept: table of the purifier.
        purified: Parquet file that is written.

    Raises:
        UserError: files that cannot be read, generated images that the purifier did not see or that are not there.
    """
    table, decided = read_index(index), read_purified(kept)
    generated = table["kind"] == "generated"
    strange = set(table.loc[generated, "image"]) ^ set(decided["image"])
    if strange:
        raise UserError(
            f"{len(strange)} generated images are in one of index and table alone, such as {min(strange)}",
            where=kept,
            expected="a decision on every generated image of the index",
            do="delete the table, so that it is made again",
        )
    dropped = decided.loc[~decided["kept"], "image"]
    write_index(table[~table["image"].isin(dropped)], Path(purified))
    log.info(
        "%d of %d generated images stay, beside %d others", decided["kept"].sum(), len(decided), (~generated).sum()
    )
