"""The graph of the workflow's rules as a picture, without graphviz."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve
from scipy.optimize import linprog

from purereid.errors import UserError
from purereid.report.pictures import letters
from purereid.report.style import BLUE, GREY, INK, new_plot

NODE = re.compile(r'\s*(\d+)\s*\[.*?label\s*=\s*"((?:[^"\\]|\\.)*)"')
EDGE = re.compile(r"\s*(\d+)\s*->\s*(\d+)")
SWEEPS = 24
FILL = "#E8F1F8"
# Points: size of letters, height of boxes, from layer to layer, air between boxes, length of arrow heads.
FONT, BOX, LAYER, GAP, HEAD = 10, 24, 56, 18, 9
INCH = 72


def rule_graph(*, config: dict, snakefile: Path, plot: Path) -> None:
    """Ask Snakemake which rules the default target needs and draw them.

    Args:
        config: all settings of the workflow.
        snakefile: the workflow.
        plot: PNG or SVG to write.

    Raises:
        UserError: Snakemake cannot read the workflow.
    """
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "config.json"
        settings.write_text(json.dumps(config), encoding="utf-8")
        # Neither profile matters to the graph, and that of a cluster would submit this question as a job.
        command = ["--rulegraph", "dot", "--profile", "none", "--workflow-profile", "none"]
        command += ["--snakefile", snakefile, "--configfile", settings]
        run = subprocess.run(
            [sys.executable, "-m", "snakemake", *command], capture_output=True, encoding="utf-8", errors="replace"
        )
    if run.returncode:
        raise UserError(f"snakemake --rulegraph failed:\n{run.stderr}", where=snakefile)
    draw_rule_graph(run.stdout, plot, declared(snakefile))


def declared(snakefile: Path) -> list[str]:
    """Names of the rules in the order in which the workflow declares them."""
    files = [
        snakefile.parent / name for name in re.findall(r'^include: "(.+)"', snakefile.read_text(encoding="utf-8"), re.M)
    ]
    texts = [file.read_text(encoding="utf-8") for file in (*files, snakefile)]
    return [name for text in texts for name in re.findall(r"^rule (\w+):", text, re.M)]


def draw_rule_graph(dot: str, plot: Path, order: Sequence[str] = ()) -> None:
    """Draw the text of ``snakemake --rulegraph`` in layers, from the first rules down to the last.

    The steps are those of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
    structures" (1981): layers by longest path, a bend where an edge passes a layer, order by barycentres, places.

    Args:
        dot: text in the DOT language.
        plot: PNG or SVG to write.
        order: names of the rules from first to last. Rules of different jobs may feed each other in a circle (one model
            judges the generator that another learns from); the edge that leads back is then a broken line.

    Raises:
        UserError: text that is no rule graph, or a circle that no edge leads back in.
    """
    names, edges = parse_dot(dot)
    edges = without_shortcuts(edges)
    back = leading_back(names, edges, order)
    edges = [(b, a) if (a, b) in back else (a, b) for a, b in edges]
    level = levels(names, edges)
    chains = split_long_edges(edges, level)
    links = [link for chain in chains for link in pairwise(chain)]
    layers = untangle(in_layers(level), links)
    widths = {node: box_width(names[node]) if node in names else 0.0 for node in level}
    x = spread(layers, links, widths)
    left, right = (min(x[n] - widths[n] / 2 for n in x) - GAP, max(x[n] + widths[n] / 2 for n in x) + GAP)
    with new_plot(plot, height=len(layers) * LAYER / INCH, width=(right - left) / INCH) as figure:
        axes = figure.add_subplot(
            position=(0, 0, 1, 1), xlim=(left, right), ylim=((len(layers) - 0.5) * LAYER, -0.5 * LAYER)
        )
        axes.set_axis_off()
        for chain in chains:
            draw_edge(axes, [(x[node], level[node] * LAYER) for node in chain], (chain[-1], chain[0]) in back)
        for node, name in names.items():
            draw_box(axes, name, x[node], level[node] * LAYER, widths[node])


def parse_dot(text: str) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """Read the graph from DOT text as Snakemake writes it: one node or edge a line.

    An edge from a rule to itself (an index that merges indexes) is left out.

    Returns:
        Names by number, and edges (from, to), both in order of the names: Snakemake numbers the rules as it meets them.

    Raises:
        UserError: no node at all, or an edge from or to a node without a name.
    """
    lines = text.splitlines()
    labels = dict(found.groups() for line in lines if (found := NODE.match(line)))
    names = {int(node): label.replace("\\n", " ").replace('\\"', '"') for node, label in labels.items()}
    edges = {(int(found[1]), int(found[2])) for line in lines if (found := EDGE.match(line)) and found[1] != found[2]}
    unnamed = sorted({node for edge in edges for node in edge} - set(names))
    if unnamed or not names:
        raise UserError(
            f"edges of nodes without a name: {unnamed}" if unnamed else "no nodes found",
            where="text of the rule graph",
            expected="what `snakemake --rulegraph` prints",
        )
    names = dict(sorted(names.items(), key=lambda item: item[1]))
    return names, sorted(edges, key=lambda edge: (names[edge[0]], names[edge[1]]))


def without_shortcuts(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out edges to a last rule from rules whose results reach it through others too: it asks for nearly all."""
    last = {b for _, b in edges} - {a for a, _ in edges}
    onward = {a: [c for start, c in edges if start == a and c not in last] for a, _ in edges}
    return [(a, b) for a, b in edges if b not in last or not any(b in reachable(c, edges) for c in onward[a])]


def leading_back(names: dict[int, str], edges: list[tuple[int, int]], order: Sequence[str]) -> set[tuple[int, int]]:
    """Edges of a circle that lead from a later to an earlier rule."""
    place = {name: number for number, name in enumerate(order)}
    late = [(a, b) for a, b in edges if place.get(names[a], -1) > place.get(names[b], len(place))]
    return {(a, b) for a, b in late if a in reachable(b, edges)}


def reachable(start: int, edges: list[tuple[int, int]]) -> set[int]:
    """Nodes to which a path leads, the first among them."""
    found, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        new = {b for a, b in edges if a == node} - found
        found |= new
        waiting += new
    return found


def levels(names: dict[int, str], edges: list[tuple[int, int]]) -> dict[int, int]:
    """Number of edges on the longest path to each node."""
    before = {node: [a for a, b in edges if b == node] for node in names}
    level: dict[int, int] = {}
    while len(level) < len(names):
        ready = [node for node in names if node not in level and all(a in level for a in before[node])]
        if not ready:
            stuck = ", ".join(name for node, name in names.items() if node not in level)
            raise UserError(f"the rule graph has a cycle among {stuck}", expected="a graph without cycles")
        level |= {node: 1 + max((level[a] for a in before[node]), default=-1) for node in ready}
    return level


def split_long_edges(edges: list[tuple[int, int]], level: dict[int, int]) -> list[list[int]]:
    """Give every edge a bend (a negative number, added to ``level``) in each layer that it passes."""
    numbers = count(-1, -1)
    chains = []
    for a, b in edges:
        bends = {next(numbers): passed for passed in range(level[a] + 1, level[b])}
        level |= bends
        chains.append([a, *bends, b])
    return chains


def in_layers(level: dict[int, int]) -> list[list[int]]:
    """Nodes of each layer."""
    return [[node for node in level if level[node] == number] for number in range(max(level.values()) + 1)]


def untangle(layers: list[list[int]], links: list[tuple[int, int]]) -> list[list[int]]:
    """Order every layer by the mean place of its neighbours, down and up in turn; keep the fewest crossings."""
    best = layers
    for sweep in range(SWEEPS):
        layers = sort_layers(layers, links) if sweep % 2 == 0 else sort_layers(layers[::-1], links)[::-1]
        best = min(best, layers, key=lambda candidate: crossings(candidate, links))
    return best


def sort_layers(layers: list[list[int]], links: list[tuple[int, int]]) -> list[list[int]]:
    """Sort each layer by the mean place of its neighbours in the layer before it."""
    ordered = [layers[0]]
    for layer in layers[1:]:
        place = {node: number / len(ordered[-1]) for number, node in enumerate(ordered[-1])}
        centre = {node: mean_of(neighbours(node, links), place, 0.5) for node in layer}
        ordered.append(sorted(layer, key=centre.__getitem__))
    return ordered


def crossings(layers: list[list[int]], links: list[tuple[int, int]]) -> int:
    """Count the pairs of links that cross each other."""
    place = {node: number for layer in layers for number, node in enumerate(layer)}
    layer_of = {node: number for number, layer in enumerate(layers) for node in layer}
    return sum(
        layer_of[a] == layer_of[c] and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for i, (a, b) in enumerate(links)
        for c, d in links[i + 1 :]
    )


def spread(layers: list[list[int]], links: list[tuple[int, int]], widths: dict[int, float]) -> dict[int, float]:
    """Find the x of every node that makes the links upright: a linear program in x and in the lean of each link.

    Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993), section 4: the sum of all
    leans, weighted by 1, 2 or 8 for a link with no, one or two bends, is smallest while boxes keep apart.
    """
    column = {node: number for number, node in enumerate(widths)}
    size = len(column) + len(links)
    rows, limits = [], []
    for number, (a, b) in enumerate(links):
        for left, right in ((a, b), (b, a)):
            rows.append(sparse_row(size, {column[left]: 1, column[right]: -1, len(column) + number: -1}))
            limits.append(0.0)
    for left, right in (pair for layer in layers for pair in pairwise(layer)):
        rows.append(sparse_row(size, {column[left]: 1, column[right]: -1}))
        limits.append(-(widths[left] + widths[right]) / 2 - GAP)
    costs = np.zeros(size)
    costs[len(column) :] = [(1, 2, 8)[(a < 0) + (b < 0)] for a, b in links]
    found = linprog(costs, A_ub=np.array(rows).reshape(-1, size), b_ub=limits, bounds=(0, None))
    return dict(zip(column, found.x.tolist(), strict=False))


def sparse_row(size: int, values: dict[int, float]) -> np.ndarray:
    """A row of zeros with a few values."""
    row = np.zeros(size)
    row[list(values)] = list(values.values())
    return row


def neighbours(node: int, links: list[tuple[int, int]]) -> list[int]:
    """Nodes that share a link with this one."""
    return [b if a == node else a for a, b in links if node in (a, b)]


def mean_of(nodes: list[int], place: dict[int, float], otherwise: float) -> float:
    """Mean place of those nodes that have one."""
    known = [place[node] for node in nodes if node in place]
    return sum(known) / len(known) if known else otherwise


def box_width(name: str) -> float:
    """Width of the box around a name."""
    return letters(FONT).getlength(name) + 2 * FONT


def draw_box(axes: Axes, name: str, x: float, y: float, width: float) -> None:
    """Draw one rule."""
    corner = (x - width / 2 + 6, y - BOX / 2 + 6)  # the style adds 6 on each side
    box = FancyBboxPatch(corner, width - 12, BOX - 12, boxstyle="round,pad=6", facecolor=FILL, edgecolor=BLUE, zorder=2)
    axes.add_patch(box)
    axes.text(x, y, name, fontsize=FONT, ha="center", va="center_baseline", color=INK, zorder=3)


def draw_edge(axes: Axes, points: list[tuple[float, float]], back: bool) -> None:
    """Draw one edge through its bends, from below a box to an arrow head above another, or back from there."""
    x, y = points[0]
    curve, codes = [(x, y + BOX / 2)], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        start, end = y0 + BOX / 2, y1 - BOX / 2
        middle = (start + end - HEAD) / 2
        curve += [(x0, start), (x0, middle), (x1, middle), (x1, end - HEAD), (x1, end)]
        codes += [Curve.LINETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4, Curve.LINETO]
    look = {"mutation_scale": HEAD, "color": GREY, "linewidth": 1.1}
    if not back:
        axes.add_patch(FancyArrowPatch(path=Curve(curve, codes), arrowstyle="-|>", **look))
        return
    axes.add_patch(FancyArrowPatch(path=Curve(curve, codes), arrowstyle="-", linestyle="--", **look))
    head = [(x, y + BOX / 2 + HEAD), (x, y + BOX / 2)]
    axes.add_patch(FancyArrowPatch(*head, arrowstyle="-|>", shrinkA=0, shrinkB=0, **look))
