"""A table of images: CSV or Parquet with the columns path and pid and, if known, camid, split and kind."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa

from purereid.data.formats.cameras import UNKNOWN, number_cameras, tell_cameras
from purereid.data.formats.identity_split import split_identities
from purereid.data.formats.scan import EXAMPLES, Row, Scan, holds, list_folder
from purereid.data.index import KINDS, SPLITS
from purereid.data.names import repeated
from purereid.errors import UserError

NEEDED = ("path", "pid")
KNOWN = ("path", "pid", "camid", "split", "kind", "weight")
HEAVIEST = 10000  # weight of an image, as of a loss
EXPECTED = (
    "a CSV file (commas, UTF-8), TSV or Parquet file with the columns path, pid and, if known, camid, split and kind"
)
SEPARATORS = {".csv": ",", ".txt": ",", ".tsv": "\t"}


def read(folder: Path | None, *, table: str, test_share: float = 0.5, queries: int = 1, seed: int = 0) -> Scan:
    """Read a table of images.

    Args:
        folder: what the paths are relative to; None: the table's own folder.
        table: the file, .csv, .tsv or .parquet. Columns, in letters of any size: ``path``; ``pid``, a whole number, -1
            for junk in the gallery and for generated images without identity; ``camid``, any name, empty or -1 if
            unknown; ``split``; ``kind``, detected if empty; ``weight`` of the image in a training loss, 1 if empty.
            Other columns are not read.
        test_share, queries, seed: how a table without ``split`` is split, see ``split_identities``.

    Raises:
        UserError: columns, cells or files that are missing or wrong, with the numbers of their rows.
    """
    source = Path(table)
    scan = Scan(EXPECTED, where=source)
    cells = _read_cells(scan, source)
    _check_cells(cells, source)
    scan.rows = _make_rows(scan, cells, folder or source.parent, source)
    if "split" not in cells:
        scan.rows = split_identities(scan.rows, test_share=test_share, queries=queries, seed=seed)
    return scan


def _read_cells(scan: Scan, source: Path) -> pd.DataFrame:
    """The known columns as texts without surrounding blanks, empty where a cell is; index: row numbers from 1."""
    if not source.is_file():
        raise UserError("the table does not exist", where=source, expected=EXPECTED, do="correct the option table")
    ending = source.suffix.lower()
    if ending not in (*SEPARATORS, ".parquet"):
        raise UserError("a table of unknown format", where=source, expected=EXPECTED, do="save it as CSV")
    try:
        table = (
            pd.read_parquet(source)
            if ending == ".parquet"
            else pd.read_csv(source, dtype=str, sep=SEPARATORS[ending], encoding="utf-8-sig")
        )
    except (pa.ArrowException, ValueError, OSError) as error:
        raise UserError(f"the table cannot be read: {str(error).strip()}", where=source, expected=EXPECTED) from None
    table.columns = [str(name).strip().lower() for name in table.columns]
    twice = repeated(table.columns)
    if twice:
        raise UserError(f"the table has two columns {twice[0]}", where=source, expected="one column of each name")
    missing = [name for name in NEEDED if name not in table]
    if missing:
        found = ", ".join(map(str, table.columns))
        raise UserError(f"the table lacks {' and '.join(missing)}; it has {found}", where=source, expected=EXPECTED)
    if table.empty:
        raise UserError("the table has no rows", where=source, expected="a row for each image")
    scan.tell("note", "Columns of the table are not read.", [name for name in table.columns if name not in KNOWN])
    table = table[[name for name in KNOWN if name in table]]
    cells = table.astype("string").fillna("").apply(lambda column: column.str.strip())
    words = [name for name in ("split", "kind") if name in cells]
    cells[words] = cells[words].apply(lambda column: column.str.lower())
    # a column with empty cells makes pandas write 3 as 3.0
    numbers = [name for name in ("pid", "camid") if name in cells]
    cells[numbers] = cells[numbers].apply(lambda column: column.str.replace(r"^(-?[0-9]+)\.0+$", r"\1", regex=True))
    return cells.set_axis(range(1, len(cells) + 1))


def _check_cells(cells: pd.DataFrame, source: Path) -> None:
    pid = cells["pid"]
    _refuse(pid, ~pid.str.fullmatch("-1|[0-9]{1,18}"), source, "a whole number, or -1 for no identity, as pid")
    _refuse(cells["path"], cells["path"] == "", source, "a path in every row")
    _check_unique(cells, source)
    generated = cells["kind"] == "generated" if "kind" in cells else pd.Series(False, index=cells.index)
    if "kind" in cells:
        _refuse(cells["kind"], ~cells["kind"].isin(["", *KINDS]), source, f"as kind {', '.join(KINDS)} or nothing")
    if "weight" in cells:
        weights = pd.to_numeric(cells["weight"].replace("", "1"), errors="coerce")
        _refuse(cells["weight"], ~weights.between(0, HEAVIEST), source, f"a number from 0 to {HEAVIEST} as weight")
    if "split" in cells:
        _refuse(cells["split"], ~cells["split"].isin(SPLITS), source, f"as split {', '.join(SPLITS)}")
        strangers = (pid == "-1") & (cells["split"] != "gallery") & ~generated
        _refuse(cells["split"], strangers, source, "images with pid -1 in the gallery alone, unless they are generated")
    else:
        _refuse(cells["path"], generated, source, "a column split where images are generated")


def _check_unique(cells: pd.DataFrame, source: Path) -> None:
    """Every file has one row, in whatever way its path is written."""
    files = cells["path"].map(lambda path: os.path.normpath(path.replace("\\", "/")))
    again = files.duplicated()
    do = "leave one row for each file"
    if "split" in cells and again.any():
        splits = set(cells.loc[files == files[again].iloc[0], "split"])
        if splits == {"query", "gallery"}:
            do += ", as query: to test with all other test images, queries too, set evaluate: {protocol: openreid}"
    _refuse(cells["path"], again, source, "every path once", do)


def _refuse(column: pd.Series, wrong: pd.Series, source: Path, expected: str, do: str = "correct the table") -> None:
    """Raise a UserError about cells that are wrong, with their rows."""
    cells = column[wrong]
    if len(cells):
        examples = ", ".join(f"row {row} has {text!r}" for row, text in cells.head(EXAMPLES).items())
        raise UserError(
            f"{column.name} is wrong in {len(cells)} rows: {examples}",
            where=source,
            expected=expected,
            do=f"{do}; rows are counted from 1, without the header",
        )


def _place(folder: Path, path: str) -> Path:
    """Where an image lies; tables from Windows have \\ between folders."""
    return folder / (path if "/" in path or holds((folder / path).is_file) else path.replace("\\", "/"))


def _how_it_is_called(path: Path) -> str:
    """What to do about a file that is not there: its name in other letters, if there is one."""
    same = [name for name in list_folder(path.parent)[0] if name.lower() == path.name.lower()]
    return f"write the name as it is, {same[0]}" if same else "correct the table, or the option folder"


def _make_rows(scan: Scan, cells: pd.DataFrame, folder: Path, source: Path) -> list[Row]:
    paths = cells["path"].map(lambda path: _place(folder, path).as_posix())
    missing = ~paths.map(lambda path: holds(Path(path).is_file)).astype(bool)
    do = _how_it_is_called(Path(paths[missing].iloc[0])) if missing.any() else ""
    _refuse(cells["path"], missing, source, f"image files, seen from {folder}", do)
    labels = cells["camid"].replace("-1", UNKNOWN) if "camid" in cells else pd.Series(UNKNOWN, index=cells.index)
    camids = number_cameras(labels)
    tell_cameras(scan, camids)
    columns = {
        "image": cells["path"],
        "path": paths,
        "split": cells.get("split", "train"),
        "pid": cells["pid"].astype(int),
        "camid": labels.map(camids),
        "kind": cells["kind"].replace("", "detected") if "kind" in cells else "detected",
        "weight": cells["weight"].replace("", "1").astype(float) if "weight" in cells else 1.0,
    }
    return [Row(**row) for row in pd.DataFrame(columns).to_dict("records")]
