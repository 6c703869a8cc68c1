"""Write Arrow files with the digest of their content, and map them into memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from purereid.data.content_digest import BLANK, KEY, check_digest, digested_file


@contextmanager
def arrow_writer(
    path: str | Path, schema: pa.Schema, options: pa.ipc.IpcWriteOptions | None = None
) -> Iterator[pa.RecordBatchFileWriter]:
    """A writer of a file that is whole at the end, with its digest, or not there; equal rows give equal bytes."""
    about = {KEY: BLANK}
    with (
        digested_file(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema, options=options, metadata=about) as writer,
    ):
        yield writer


def open_arrow(path: Path) -> pa.RecordBatchFileReader:
    """Map a file into memory. It is read once as a whole, for its digest; later what is asked for.

    Raises:
        UserError: the content is not what was written.
        pa.ArrowException, OSError: no Arrow file.
    """
    check_digest(path)
    return pa.ipc.open_file(pa.memory_map(str(path)))
