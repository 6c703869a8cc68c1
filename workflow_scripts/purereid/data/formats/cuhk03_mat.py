"""The MATLAB files of CUHK03: images and classic splits (v7.3, which is HDF5), the 767/700 split (v5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from PIL import Image

from purereid.data.atomic import whole_file
from purereid.errors import UserError

LARGEST = 2**31  # beyond any number of rows
# split of the index by the key of the 767/700 file
NEW_KEYS = {"train": "train_idx", "query": "query_idx", "gallery": "gallery_idx"}


def unpack_images(mat: Path, boxes: str, folder: Path) -> dict[str, int]:
    """Write every image of cuhk-03.mat as PNG; a second run writes the same bytes again.

    Args:
        mat: cuhk-03.mat; ``boxes`` in it holds a cell per camera pair, each a cell [persons, 10] of images, columns
            0-4 from view 1 and 5-9 from view 2.
        boxes: "detected" or "labeled".
        folder: where the images go.

    Returns:
        identity of each file name, in sorted order; persons are numbered from 1 through all pairs, as are the labels
        of the 767/700 split.

    Raises:
        UserError: the file is not cuhk-03.mat.
    """
    pids = {}
    for name, pid, image in _read_images(mat, boxes):
        with whole_file(folder / name) as temporary:
            Image.fromarray(image).save(temporary, format="PNG")
        pids[name] = pid
    return dict(sorted(pids.items()))


def read_classic_split(mat: Path, number: int) -> set[tuple[int, int]]:
    """Test persons of one of the 20 classic splits, as (pair, person in the pair), both from 1."""
    with _open_mat(mat) as file:
        return {(int(pair), int(person)) for pair, person in _numbers(file[file["testsets"][0][number]][()].T)}


def read_new_split(path: Path) -> dict[str, list[str]]:
    """File names of the splits train, query and gallery of the 767/700 protocol.

    Raises:
        UserError: the file is missing or not the published one.
    """
    expected = "cuhk03_new_protocol_config_{detected,labeled}.mat from the repository zhunzhong07/person-re-ranking"
    if not path.is_file():
        raise UserError(
            "the split file of CUHK03's new protocol is missing",
            where=path,
            expected=expected,
            do="put it there, name it with the option split_file, set boxes to those whose split file you have, or set"
            " protocol to classic",
        )
    try:
        content = scipy.io.loadmat(path)
        names = [str(cell[0]) for cell in content["filelist"].ravel()]
        # the published row numbers begin at 1
        rows = {split: _numbers(content[key].ravel()).astype(np.int64) - 1 for split, key in NEW_KEYS.items()}
        return {split: [names[row] for row in members] for split, members in rows.items()}
    except Exception as error:  # a broken file makes scipy raise almost anything
        raise UserError(f"the split file cannot be read: {error}", where=path, expected=expected) from None


def _numbers(found: np.ndarray) -> np.ndarray:
    """The same numbers, of rows and persons.

    Raises:
        ValueError: one that is not whole or below 1.
    """
    wrong = found[~((found >= 1) & (found == np.floor(found)) & (found < LARGEST))]
    if wrong.size:
        raise ValueError(f"{wrong.ravel()[0]} is not the number of a row or person")
    return found


def _read_images(mat: Path, boxes: str) -> Iterator[tuple[str, int, np.ndarray]]:
    """File name, identity and picture (uint8 [H, W, 3], RGB) of every cell that is not empty."""
    first = 1
    with _open_mat(mat) as file:
        if boxes not in file:
            raise UserError(
                f"the file holds no boxes called {boxes}",
                where=mat,
                expected="detected and labeled",
                do="set the option boxes to the other kind, or download CUHK03 again",
            )
        for pair, reference in enumerate(file[boxes][0], start=1):
            # MATLAB stores columns first, so HDF5 shows everything transposed
            persons = file[reference][()].T
            for person, cells in enumerate(persons, start=1):
                for number, cell in enumerate(cells, start=1):
                    # an empty cell is no image but a vector with its size
                    if file[cell].ndim == 3:
                        view = 1 if number <= 5 else 2
                        yield f"{pair}_{person:03d}_{view}_{number:02d}.png", first + person - 1, file[cell][()].T
            first += len(persons)


@contextmanager
def _open_mat(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise UserError(
            f"the file cannot be read: {error}",
            where=path,
            expected="cuhk-03.mat (MATLAB v7.3) with detected, labeled and testsets",
            do="download CUHK03 again",
        ) from None
