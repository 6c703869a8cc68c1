"""Chosen persons in chosen poses (rule ``generate_one``): one picture, or a grid of persons and poses."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images, read_image
from purereid.data.index import read_index
from purereid.data.keypoints import read_keypoints
from purereid.errors import UserError
from purereid.generation.conditions import GUIDES, IMAGES
from purereid.generation.finder import Finder, Person, Pose
from purereid.networks.draw import draw
from purereid.networks.network_file import load_network
from purereid.networks.registry import guides_needed
from purereid.report.grid import draw_grid
from purereid.report.skeleton import draw_pose
from purereid.training.distributed import first_device

OF_SOURCES = "sources"  # in the place of poses: those in which the sources are shown


def generate_one(
    *,
    index: str | Path,
    generator: str | Path,
    grid: str | Path,
    pictures: str | Path,
    name: str,
    conditions: Sequence[str],
    sources: int | Sequence[str],
    poses: int | str | Sequence[str],
    keypoints: str | Path | None = None,
    between: int = 0,
    mixes: bool = False,
    draws: int = 1,
    seed: int = 0,
    precision: str = "auto",
    estimator: dict | None = None,
    network: dict | None = None,
    gpus: int = 0,
) -> None:
    """Draw every source in every pose.

    A source is an image of the index, an image file, or ``pid:NUMBER``, the first image of an identity. A pose is one
    of these - an image file needs an estimator of key points - or a file with one pose in pixels of a picture of
    128 x 64 (see ``poses.pose_file``). A folder stands for the images in it, ``sources`` as poses for those of the
    sources, so that each person is drawn as each other stands. A number asks for so many images of different persons,
    drawn at random from the test images.

    Args:
        index: the data set.
        generator: file of the generator.
        grid: PNG that is written: sources down the side, poses along the top.
        pictures: folder that is written: one PNG per source and pose, ``ROW-COLUMN.png``, counted from 0.
        name: of the generator.
        conditions: what an image is made from, see ``conditions``.
        sources, poses: names, or how many; ``sources`` for poses: see above.
        keypoints: of the data set; None, for generators that need none.
        between: persons on the way from each source to the next, whose appearance is a mixture of the two; of
            generators that mix.
        mixes: whether this generator does, see ``networks.contracts``.
        draws: how often each person is drawn in each pose, a row for each; of a generator without noise they are alike.
        seed: of the first draw; the next ones have the numbers that follow.
        precision: ``auto``, ``bf16`` or ``fp32``.
        estimator: settings of ``estimate_keypoints``, for poses given as image files; None: none.
        network: values of the generator's configuration that take the place of its own.
        gpus: 0 for the CPU.

    Raises:
        UserError: a name that is neither image nor file, a pose without joints or outside its picture, an image file as
            pose without estimator, a generator that takes no source, or does not mix persons that are to be mixed.
    """
    if "source" not in conditions:
        what = f"the generator {name} makes people from noise: it takes no source and no pose"
        raise UserError(what, where=generator, expected="a generator whose system takes a source and a pose")
    drawing = load_network(generator, "generator", first_device(gpus), **(network or {}))
    size = drawing.configuration["height"], drawing.configuration["width"]
    known = None if keypoints is None else read_keypoints(keypoints)
    needs_joints = bool(guides_needed(conditions))
    finder = Finder(read_index(index), known, estimator, np.random.default_rng(seed), needs_joints)
    if between and not mixes:
        where, expected = "generate_one", "between: 0, or a generator that mixes persons (docs/generated-images.md)"
        raise UserError(f"the generator {name} does not mix persons", where=where, expected=expected)
    persons = finder.sources(sources)
    if between and len(persons) < 2:
        raise UserError("there is nobody between one person", where="generate_one", expected="two sources or more")
    shown = finder.poses([person.name for person in persons] if poses == OF_SOURCES else poses)
    rows = [(*mixture, number) for mixture in mixtures(persons, between) for number in range(draws)]
    cells = []
    for first, second, share, number in rows:
        asked = ask(conditions, [first] * len(shown), shown, size)
        if share:
            of_second = ask([name for name in conditions if "source" in name], [second] * len(shown), shown, size)
            asked |= {f"second_{name}": values for name, values in of_second.items()} | {"share": torch.tensor(share)}
        asked["seed"] = torch.full((len(shown),), seed + number)
        cells.append(list(draw(drawing, asked, precision).permute(0, 2, 3, 1).numpy()))
    write_pictures(Path(pictures), cells)
    draw_grid(
        sources=[None if share or number else read_image(first.picture()) for first, _, share, number in rows],
        poses=[
            draw_pose(pose.joints, pose.visible, FRAME) if needs_joints else read_image(pose.picture())
            for pose in shown
        ],
        cells=cells,
        path=Path(grid),
        title=f"{name}: {len(persons)} persons in {len(shown)} poses",
        remark="each row is one person (left), each column one pose (top)"
        + (": between two persons, mixtures of both" if between else "")
        + (f", drawn {draws} times" if draws > 1 else ""),
        row_labels=[_label(*row) for row in rows],
        column_labels=[pose.label for pose in shown],
    )


def mixtures(persons: Sequence[Person], between: int) -> list[tuple[Person, Person, float]]:
    """Persons in their order, with some on the way from each to the next: two persons and the share of the second."""
    shares = [number / (between + 1) for number in range(between + 1)]
    found = [(first, second, share) for first, second in pairwise(persons) for share in shares]
    return [*found, (persons[-1], persons[-1], 0.0)]


def ask(
    names: Sequence[str], persons: Sequence[Person], poses: Sequence[Pose], size: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """Conditions of B persons in B poses, see ``conditions``.

    Raises:
        UserError: a generator that needs the key points of the source, or a picture of the pose, where there is none.
    """
    found = {}
    for name in names:
        if name in IMAGES:
            found[name] = load_images([each.picture() for each in (persons if name == "source" else poses)], *size)
        else:
            kind = name.removeprefix("source_")
            owners = poses if name == kind else [person.pose() for person in persons]
            joints, visible = (np.stack([getattr(pose, key) for pose in owners]) for key in ("joints", "visible"))
            found[name] = GUIDES[kind](joints, visible, size=size)
    return found


def _label(first: Person, second: Person, share: float, number: int) -> str:
    label = f"{second.label}: {share:.0%}" if share else first.label
    return f"draw {number + 1}" if number else label


def write_pictures(folder: Path, cells: list[list[np.ndarray]]) -> None:
    """Write uint8 [H, W, 3] images as ROW-COLUMN.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for row, images in enumerate(cells):
        for column, image in enumerate(images):
            Image.fromarray(image).save(folder / f"{row}-{column}.png")
