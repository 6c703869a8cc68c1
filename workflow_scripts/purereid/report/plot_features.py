"""Features of some test persons in two dimensions, by person and by camera."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.manifold import TSNE

from purereid.data.atomic import whole_file
from purereid.data.features import read_features
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report.pictures import camera
from purereid.report.style import INK, PALE, marks, new_plot
from purereid.retrieval.distances import normalise

COMPONENTS = 50  # as scikit-learn advises, and about as van der Maaten and Hinton (2008), who took 30
START = 1e-4  # spread of the points before they are moved, as published
GALLERY, QUERY = 16, 46  # area of a point, in square points
COLUMNS = 4  # of a legend


def plot_features(
    *,
    index: Path,
    features: Sequence[Path],
    points: Path,
    plot: Path,
    persons: int,
    perplexity: float,
    draw: int,
    experiment: str,
    seed: int,
) -> None:
    """Draw query and gallery images of persons drawn at random; the same inputs give the same bytes.

    Args:
        index: index.parquet.
        features: of its test images.
        points: CSV to write: image, pid, camid, split, x, y.
        plot: PNG to write.
        persons: how many of the persons that a query shows; fewer where there are not as many.
        perplexity: see ``plane``.
        draw: seed of the draw.
        experiment, seed: whose features these are, for the title.

    Raises:
        UserError: no query, or one test image alone; features missing.
    """
    rows = _of_some(read_index(index), persons, draw, index)
    places, kept = plane(normalise(read_features(features, rows["image"].tolist())[1]), perplexity)
    rows = rows[["image", "pid", "camid", "split"]].assign(x=places[:, 0], y=places[:, 1])
    with whole_file(Path(points)) as unfinished:
        rows.to_csv(unfinished, index=False, float_format="%.6g", lineterminator="\n")
    with new_plot(plot, 5.2) as figure:
        left, right = figure.subplots(1, 2)
        draw_points(left, rows, "pid", lambda pid: f"pid {pid}")
        draw_points(right, rows, "camid", camera)
        left.set_title("By person (large: queries)")
        right.set_title("By camera")
        whose = f"{experiment}, seed {seed}: {len(rows)} test images of {rows['pid'].nunique()} persons"
        figure.suptitle(whose, fontsize="medium")
        made = f"t-SNE of principal components with {100 * kept:.0f} % of the variance"
        figure.supxlabel(
            f"{made}. Near is alike; distances between groups and their sizes mean little.", fontsize="small"
        )


def plane(features: np.ndarray, perplexity: float) -> tuple[np.ndarray, float]:
    """Places in two dimensions where neighbours are near each other (t-SNE, van der Maaten and Hinton 2008).

    Args:
        features: float32 [N, D], N at least 2. They are first projected on at most ``COMPONENTS`` principal components,
            the first two of which are the start.
        perplexity: about so many neighbours of each count; with few features a third of their number.

    Returns:
        places [N, 2], and the share of the variance that the components keep.
    """
    left, sizes, _ = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    components = (left * sizes)[:, :COMPONENTS]
    start = np.zeros((len(features), 2), np.float32)
    start[:, : components.shape[1]] = components[:, :2]
    start *= START / (start[:, 0].std() or 1)
    tsne = TSNE(perplexity=min(perplexity, (len(features) - 1) / 3), init=start, random_state=0)
    kept = np.square(components).sum() / (np.square(sizes).sum() or 1)
    return tsne.fit_transform(components), float(kept)


def draw_points(axes: Axes, rows: pd.DataFrame, kind: str, name: Callable[[int], str]) -> None:
    """Points with colour and mark of what they are of."""
    kinds = sorted(rows[kind].unique())
    for each, (colour, mark) in zip(kinds, marks(len(kinds)), strict=True):
        own = rows[rows[kind] == each]
        asked = (own["split"] == "query").to_numpy()
        for chosen, area, edge, label in ((~asked, GALLERY, colour, name(each)), (asked, QUERY, INK, None)):
            places = own["x"][chosen], own["y"][chosen]
            axes.scatter(*places, s=area, marker=mark, color=colour, edgecolors=edge, linewidths=0.6, label=label)
    axes.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    axes.spines[:].set(visible=True, color=PALE)
    about = {"handletextpad": 0, "columnspacing": 1, "markerscale": 1.5}
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=COLUMNS, **about)


def _of_some(table: pd.DataFrame, persons: int, draw: int, index: Path) -> pd.DataFrame:
    """Test images of some of the persons that a query shows, by person; each picture once."""
    asked = np.unique(table.loc[table["split"] == "query", "pid"])
    if not len(asked):
        raise UserError("there is no query", where=index, expected="images in the split query")
    chosen = np.random.default_rng(draw).permutation(asked)[:persons]
    rows = table[table["split"].isin(["query", "gallery"]) & table["pid"].isin(chosen)].drop_duplicates("pixels")
    if len(rows) < 2:
        raise UserError("there is one test image", where=index, expected="two or more, to be placed beside each other")
    return rows.sort_values(["pid", "image"], ignore_index=True)
