"""How well a painter paints the textures of persons that it did not learn from (rule ``score_textures``)."""

import json
from pathlib import Path

import numpy as np

from purereid.data.atomic import write_text
from purereid.data.images import read_image
from purereid.networks.network_file import load_network
from purereid.report.pictures import Block, Row, Tile, draw_sheet, save_picture
from purereid.textures.held_out import held_out_persons
from purereid.textures.paint_textures import painted_textures
from purereid.textures.texture_file import HIDDEN, VISIBLE, TextureFile
from purereid.training.distributed import first_device

LEVELS = 255  # of a colour


def score_textures(
    *,
    painter: Path,
    texture_pairs: Path,
    scores: Path,
    picture: Path,
    experiment: str,
    seed: int,
    held_out: float,
    held_out_seed: int,
    images: int,
    rows: int,
    batch: int,
    precision: str,
    gpus: int = 0,
    threads: int = 1,
) -> None:
    """Compare painted textures with the true ones, and both with what needs no painter.

    Args:
        painter: file with a network of that role.
        texture_pairs: the textures that it learnt from.
        scores: JSON that is written: ``painted``, ``mean`` (the mean texture of the persons learnt from) and
            ``nearest`` (of their textures the one that is nearest to the true one where that can be seen, or anywhere
            where nobody knows; no method without the truth finds it), each with the mean difference of colours (0 to
            1) over ``all`` texels, and where it is known what an image shows, over ``visible`` ones and over
            ``hidden`` ones, of parts that other images of the person show; and the numbers of images and persons.
        picture: PNG that is written: images, painted and true textures.
        experiment, seed: for the title.
        held_out, held_out_seed: which persons the painter did not learn from, see ``held_out_persons``.
        images: at most so many are scored, drawn at random.
        rows: images of as many different persons in the picture.
        batch, precision, gpus, threads: as for ``paint_textures``.

    Raises:
        UserError: textures of fewer than three persons.
    """
    file = TextureFile(texture_pairs)
    out = held_out_persons(file.pids, held_out, held_out_seed)
    drawn = np.random.default_rng(held_out_seed).permutation(np.flatnonzero(out))[:images]
    known = _one_each(file, np.flatnonzero(~out))
    learnt = file.batch(known).astype(np.float32) / LEVELS
    network = load_network(painter, "painter", first_device(gpus))
    settings = {"size": file.size, "batch": batch, "precision": precision, "threads": threads}
    painted = np.concatenate(list(painted_textures(network, [file.paths[row] for row in drawn], **settings)))
    true = file.batch(drawn).astype(np.float32) / LEVELS
    seen_of = [file.seen(row) for row in drawn]
    mean = learnt.mean(axis=0)
    found: dict[str, list[dict]] = {"painted": [], "mean": [], "nearest": []}
    for row, (truth, seen) in enumerate(zip(true, seen_of, strict=True)):
        nearest = learnt[_nearest(truth, learnt, seen)]
        for name, texture in (("painted", painted[row] / LEVELS), ("mean", mean), ("nearest", nearest)):
            found[name].append(_differences(texture, truth, seen))
    table = {name: _means(each) for name, each in found.items()}
    counts = {"images": len(drawn), "persons": len(np.unique(file.pids[drawn])), "learnt_from": len(known)}
    write_text(scores, json.dumps(table | counts, indent=1) + "\n")
    chosen = _first_of_each(file.pids[drawn])[:rows]
    shown = [(file.paths[drawn[row]], painted[row], file.batch(drawn[row : row + 1])[0]) for row in chosen]
    _draw(shown, mean, table, picture, f"{experiment}, seed {seed}: textures of persons not learnt from")


def _one_each(file: TextureFile, rows: np.ndarray) -> np.ndarray:
    """One row of each person."""
    return rows[np.unique(file.pids[rows], return_index=True)[1]]


def _first_of_each(pids: np.ndarray) -> list[int]:
    return sorted(np.unique(pids, return_index=True)[1].tolist())


def _nearest(truth: np.ndarray, learnt: np.ndarray, seen: np.ndarray | None) -> int:
    where = np.ones(truth.shape[1:], bool) if seen is None else seen == VISIBLE
    gaps = [np.abs(texture[:, where] - truth[:, where]).mean() for texture in learnt]
    return int(np.argmin(gaps))


def _differences(texture: np.ndarray, truth: np.ndarray, seen: np.ndarray | None) -> dict[str, float]:
    gap = np.abs(texture - truth).mean(axis=0)
    places = {} if seen is None else {"visible": seen == VISIBLE, "hidden": seen == HIDDEN}
    return {"all": float(gap.mean())} | {
        name: float(gap[place].mean()) for name, place in places.items() if place.any()
    }


def _means(found: list[dict[str, float]]) -> dict[str, float]:
    """Means over the images that have a value."""
    names = dict.fromkeys(name for each in found for name in each)
    return {name: float(np.mean([each[name] for each in found if name in each])) for name in names}


def _draw(shown: list[tuple], mean: np.ndarray, table: dict, path: Path, title: str) -> None:
    average = (mean * LEVELS).round().astype(np.uint8).transpose(1, 2, 0)
    rows = []
    for image, painted, true in shown:
        tiles = [Tile(read_image(image), ()), *(Tile(each.transpose(1, 2, 0), ()) for each in (painted, true))]
        rows.append(Row((Path(image).stem,), [*tiles, Tile(average, ())], gaps=(1,)))
    heading = "image; painted; true; mean of those learnt from"
    remark = "; ".join(f"{name}: {_words(values)}" for name, values in table.items())
    save_picture(draw_sheet(title, f"mean difference of colours (0 to 1). {remark}", [Block(heading, rows)]), path)


def _words(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
