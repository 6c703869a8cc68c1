"""The picture of the rules."""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.report.rule_graph import (
    GAP,
    crossings,
    declared,
    draw_rule_graph,
    in_layers,
    leading_back,
    levels,
    parse_dot,
    rule_graph,
    split_long_edges,
    spread,
    untangle,
    without_shortcuts,
)

DOT = """digraph snakemake_dag {
    graph[bgcolor=white, margin=0];
    node[shape=box, style=rounded, fontname=sans,                 fontsize=10, penwidth=2];
    edge[penwidth=2, color=grey];
\t0[label = "all", color = "0.11 0.6 0.85", style="rounded"];
\t1[label = "evaluate", color = "0.22 0.6 0.85", style="rounded,dashed"];
\t2[label = "index", color = "0.33 0.6 0.85", style="rounded"];
\t3[label = "train", color = "0.44 0.6 0.85", style="rounded"];
\t1 -> 0
\t3 -> 1
\t2 -> 1
\t2 -> 3
\t2 -> 0
}            """

SNAKEFILE = """
rule all:
    input: "c"
rule first:
    output: "a"
    shell: "touch {output}"
rule second:
    input: "a"
    output: config["name"]
    shell: "touch {output}"
"""


def random_graph(seed: int, nodes: int = 12, share: float = 0.3) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """Edges run from lower to higher numbers, so that there is no cycle."""
    chances = np.random.default_rng(seed).random((nodes, nodes))
    edges = [(a, b) for a, b in combinations(range(nodes), 2) if chances[a, b] < share]
    return {node: f"rule {node}" for node in range(nodes)}, edges


def laid_out(seed: int):
    names, edges = random_graph(seed)
    level = levels(names, edges)
    chains = split_long_edges(edges, level)
    return level, chains, [link for chain in chains for link in pairwise(chain)]


def longest_path(node: int, edges: list[tuple[int, int]]) -> int:
    return max((1 + longest_path(a, edges) for a, b in edges if b == node), default=0)


def test_the_text_of_snakemake_is_read():
    names, edges = parse_dot(DOT)
    assert names == {0: "all", 1: "evaluate", 2: "index", 3: "train"}
    assert sorted(edges) == [(1, 0), (2, 0), (2, 1), (2, 3), (3, 1)]


def test_quotes_and_line_breaks_in_names_are_read():
    assert parse_dot(r'0[label = "say \"a\"\nwildcard: b", color = "red"]')[0] == {0: 'say "a" wildcard: b'}


@pytest.mark.parametrize("text", ["", "Building DAG of jobs...", "digraph snakemake_dag {\n}"])
def test_a_text_without_nodes_is_refused(text):
    with pytest.raises(UserError, match="no nodes found"):
        parse_dot(text)


def test_an_edge_of_an_unknown_node_is_refused():
    with pytest.raises(UserError, match=r"without a name: \[7\]"):
        parse_dot(DOT.replace("2 -> 0", "2 -> 7"))


def test_a_cycle_is_refused(tmp_path):
    with pytest.raises(UserError, match="a cycle among all, evaluate"):
        draw_rule_graph(DOT.replace("1 -> 0", "1 -> 0\n\t0 -> 1"), tmp_path / "a.svg")


def test_an_edge_that_leads_back_is_a_broken_line(tmp_path):
    circle = DOT.replace("1 -> 0", "1 -> 0\n\t1 -> 3")  # evaluate -> train -> evaluate
    order = ["index", "train", "evaluate", "all"]
    names, edges = parse_dot(circle)
    assert leading_back(names, edges, order) == {(1, 3)}
    assert leading_back(*parse_dot(DOT), order[::-1]) == set()  # late, but in no circle
    draw_rule_graph(circle, tmp_path / "a.svg", order)
    assert "stroke-dasharray" in (tmp_path / "a.svg").read_text()
    draw_rule_graph(DOT, tmp_path / "b.svg", order)
    assert "stroke-dasharray" not in (tmp_path / "b.svg").read_text()


def test_the_last_rule_has_no_edges_from_rules_that_reach_it_anyway():
    names, edges = parse_dot(DOT)
    kept = {(names[a], names[b]) for a, b in without_shortcuts(edges)}
    assert kept == {("evaluate", "all"), ("train", "evaluate"), ("index", "evaluate"), ("index", "train")}


def test_rules_are_declared_in_the_order_of_the_files(root):
    names = declared(root / "Snakefile")
    order = [names.index(name) for name in ("render_people", "train_gan", "train_reid", "rule_graph", "all")]
    assert order == sorted(order)


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_longest_paths(seed):
    names, edges = random_graph(seed)
    assert levels(names, edges) == {node: longest_path(node, edges) for node in names}


@pytest.mark.parametrize("seed", range(5))
def test_links_lead_from_each_layer_to_the_next(seed):
    level, chains, links = laid_out(seed)
    assert all(level[b] == level[a] + 1 for a, b in links)
    assert [(chain[0], chain[-1]) for chain in chains] == random_graph(seed)[1]
    bends = [node for chain in chains for node in chain[1:-1]]
    assert len(set(bends)) == len(bends) and all(bend < 0 for bend in bends)


@pytest.mark.parametrize("seed", range(5))
def test_untangling_keeps_the_nodes_and_adds_no_crossing(seed):
    level, _, links = laid_out(seed)
    before = in_layers(level)
    after = untangle(before, links)
    assert [sorted(layer) for layer in after] == [sorted(layer) for layer in before]
    assert crossings(after, links) <= crossings(before, links)


def test_crossings_are_counted_and_removed():
    layers, links = [[0, 1, 2], [3, 4, 5]], [(0, 5), (1, 4), (2, 3)]
    assert crossings(layers, links) == 3
    assert crossings(untangle(layers, links), links) == 0


@pytest.mark.parametrize("seed", range(5))
def test_boxes_keep_apart_and_long_edges_run_straight(seed):
    level, _, links = laid_out(seed)
    layers = untangle(in_layers(level), links)
    widths = {node: 50.0 + node if node >= 0 else 0.0 for node in level}
    x = spread(layers, links, widths)
    for left, right in (pair for layer in layers for pair in pairwise(layer)):
        assert x[right] - x[left] >= (widths[left] + widths[right]) / 2 + GAP - 1e-6
    lean = sum(abs(x[a] - x[b]) * (1, 2, 8)[(a < 0) + (b < 0)] for a, b in links)
    packed = {}
    for layer in layers:
        ends = np.cumsum([widths[node] + GAP for node in layer])
        packed |= {node: end - widths[node] / 2 for node, end in zip(layer, ends, strict=True)}
    assert lean <= sum(abs(packed[a] - packed[b]) * (1, 2, 8)[(a < 0) + (b < 0)] for a, b in links) + 1e-6


def test_the_numbers_of_the_nodes_do_not_matter(tmp_path):
    renumbered = DOT.translate(str.maketrans("0123", "3012")).replace('"3.', '"0.')
    assert parse_dot(renumbered) != parse_dot(DOT)
    for name, text in (("a.svg", DOT), ("b.svg", renumbered)):
        draw_rule_graph(text, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("text", ['0[label = "all"];', '0[label = "$a"];\n1[label = "b$"];'])
def test_small_graphs_and_odd_names_are_drawn(tmp_path, text):
    draw_rule_graph(text, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_snakemake_is_asked_with_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").write_text(SNAKEFILE)
    rule_graph(config={"name": "c"}, snakefile=tmp_path / "Snakefile", plot=tmp_path / "a.svg")
    assert {f"<!-- {name} -->" in (tmp_path / "a.svg").read_text() for name in ("all", "first", "second")} == {True}
    with pytest.raises(UserError, match=r"failed(.|\n)*Missing input files for rule all(.|\n)*Snakefile"):
        rule_graph(config={"name": "d"}, snakefile=tmp_path / "Snakefile", plot=tmp_path / "b.svg")
