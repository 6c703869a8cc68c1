"""The affinity graph of some generated images in two dimensions, with what a purifier decided."""

from itertools import product
from pathlib import Path

import networkx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from purereid.data.neighbours import Neighbours
from purereid.report.style import GREY, PALE, PALETTE, PAPER, new_plot

LOOKS = list(product("osD^v<>P", PALETTE))  # shapes and colours that tell identities apart
POINTS = 600  # of the picture; the time of the layout grows with their square
STEPS = 200  # of the layout
ACROSS = 6  # entries of the legend in a line
REMARK = (
    "Lines: neighbours that are at least as alike as half of all neighbours in the graph; linked images are drawn "
    "together.\nAn image without lines has no such neighbour among those shown, and its place means nothing."
)


def plot_graph(shown: pd.DataFrame, neighbours: Neighbours, plot: Path, title: str, seed: int) -> None:
    """Place images by their neighbours, with the colour and shape of the intended identity, hollow where dropped.

    Args:
        shown: columns pid, kept and row (int, of the image in the graph); of each identity a random part is drawn if
            there are too many images, and of more identities than there are colours and shapes the first.
        neighbours: of all images.
        plot: PNG or SVG to write.
        title: first line of the title; the second counts the images.
        seed: of the choice of images and of the layout.
    """
    pids = np.unique(shown["pid"])[: len(LOOKS)].tolist()
    drawn = choose(shown[shown["pid"].isin(pids)], np.random.default_rng(seed))
    links = strong_links(neighbours, drawn["row"].to_numpy())
    drawn = drawn.assign(**dict(zip("xy", layout(len(drawn), links, seed).T, strict=True)))
    with new_plot(plot, 6.6 + 0.2 * -(-len(pids) // ACROSS)) as figure:
        axes = figure.subplots()
        people = f"{len(pids)} identities" if len(pids) > 1 else "1 identity"
        axes.set_title(f"{title}\nshown: {len(drawn)} images of {people}")
        ends = drawn[["x", "y"]].to_numpy()[links[["first", "second"]].to_numpy()]
        axes.add_collection(LineCollection(ends, colors=PALE, linewidths=0.5, zorder=1))
        for pid, (shape, colour) in zip(pids, LOOKS, strict=False):
            draw_points(axes, drawn[drawn["pid"] == pid], shape, colour)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel(REMARK)
        figure.legend(handles=legend(drawn, pids), loc="outside lower center", ncols=ACROSS)


def choose(shown: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw images at random, equally many of each identity, no more than ``POINTS`` in all."""
    shuffled = shown.iloc[rng.permutation(len(shown))]
    return shuffled.groupby("pid").head(POINTS // shown["pid"].nunique()).sort_values("row", ignore_index=True)


def strong_links(neighbours: Neighbours, rows: np.ndarray) -> pd.DataFrame:
    """Links among some images whose similarity is positive and at least the median of the whole graph.

    Args:
        neighbours: of N images.
        rows: int [n], the images.

    Returns:
        columns first < second (places in ``rows``) and similarity; each pair once.
    """
    place = np.full(len(neighbours.indices), -1)
    place[rows] = np.arange(len(rows))
    first = np.repeat(np.arange(len(rows)), neighbours.indices.shape[1])
    second, similarity = place[neighbours.indices[rows]].ravel(), neighbours.similarity[rows].ravel()
    strong = (second >= 0) & (similarity > 0) & (similarity >= np.median(neighbours.similarity))
    ends = np.sort(np.stack([first, second], axis=1)[strong], axis=1)
    links = pd.DataFrame(ends, columns=["first", "second"]).assign(similarity=similarity[strong].astype(np.float64))
    return links.drop_duplicates(["first", "second"])


def layout(count: int, links: pd.DataFrame, seed: int) -> np.ndarray:
    """Place images so that forces balance: links pull, all images push each other apart.

    Returns:
        float64 [count, 2]; parts of the graph that no link joins stay near the others.
    """
    graph = networkx.empty_graph(count)
    graph.add_weighted_edges_from(links.itertuples(index=False))
    places = networkx.spring_layout(graph, method="energy", iterations=STEPS, seed=seed)
    return np.array([places[image] for image in range(count)])


def draw_points(axes: Axes, images: pd.DataFrame, shape: str, colour: str) -> None:
    """Draw the images of one identity, dropped ones above kept ones."""
    for kept, inside, outside in ((True, colour, PAPER), (False, PAPER, colour)):
        points = images[images["kept"] == kept]
        look = {"facecolors": inside, "edgecolors": outside, "linewidths": 0.5 if kept else 1.2}
        axes.scatter(points["x"], points["y"], s=34, marker=shape, zorder=2 if kept else 3, **look)


def legend(drawn: pd.DataFrame, pids: list[int]) -> list[Line2D]:
    """What fillings, colours and shapes mean."""
    kept = int(drawn["kept"].sum())
    filled = Line2D([], [], color=GREY, marker="o", linestyle="", label=f"kept ({kept})")
    hollow = Line2D(
        [], [], color=GREY, marker="o", linestyle="", markerfacecolor=PAPER, label=f"dropped ({len(drawn) - kept})"
    )
    looks = zip(pids, LOOKS, strict=False)
    people = [Line2D([], [], color=c, marker=shape, linestyle="", label=f"pid {pid}") for pid, (shape, c) in looks]
    return [filled, hollow, *people]
