"""Comparison of runs: the figures, what may not be compared, and how it is shown."""

import json
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from docutils.core import publish_parts
from PIL import Image
from scipy import stats

from purereid.errors import UserError
from purereid.report.compare import compare
from purereid.report.compare_views import as_text
from purereid.report.intervals import components, estimate
from purereid.report.variance_views import variance_blocks
from saved import save_stage


def write_run(folder, experiment, seed, AP, *, dataset="tiny", protocol="market", gallery=50, **changes):
    """One run whose queries have the given average precisions; NaN is a query without a match."""
    AP = np.array(AP, np.float64)
    folder = folder / f"{dataset}-{experiment}-{seed}-{protocol}".replace("/", "_")
    folder.mkdir()
    single = {
        "mAP": float(np.nanmean(AP)),
        "mAP_trapezoid": 0.3,
        "mINP": 0.2,
        "rank1": 0.5,
        "rank5": 0.6,
        "rank10": 0.7,
    }
    content = {
        "dataset": dataset,
        "experiment": experiment,
        "seed": seed,
        "protocol": {"name": protocol, "distance": "cosine", "same_camera_removed": True, "note": ""},
        "counts": {"queries": len(AP), "gallery": gallery},
        "single_query": single,
        "multi_query": None,
        "reranked": None,
        "centralised": None,
        "views": None,
        "verified": None,
    }
    (folder / "scores.json").write_text(json.dumps(content | changes))
    images = [f"query/{number}.jpg" for number in range(len(AP))]
    pids = np.arange(len(AP)) // 2  # two queries of each person
    ranks = {"image": images, "pid": pids, "good": pa.array(np.where(np.isnan(AP), 0, 2), pa.int32()), "AP": AP}
    pq.write_table(pa.table(ranks), folder / "ranks.parquet")
    return folder


VARIANCES = ["variance_persons", "variance_seeds", "variance_rest"]
FILES = {"table": "table.csv", "text": "table.txt", "page": "page.html", "plot": "plot.png", "first_page": "first.rst"}


@pytest.fixture(name="AP")
def average_precisions():
    """Average precisions of 30 queries."""
    return np.random.default_rng(0).random(30)


def run(tmp_path, folders, **settings):
    """Compare runs; the table as it was written."""
    outputs = {name: tmp_path / file for name, file in FILES.items()}
    inputs = {"scores": [f / "scores.json" for f in folders], "ranks": [f / "ranks.parquet" for f in folders]}
    compare(**inputs, **outputs, **settings)
    texts = ("seeds", "common_seeds", "verdict", "remark")
    return pd.read_csv(outputs["table"], dtype=dict.fromkeys(texts, str)).fillna(dict.fromkeys(texts, ""))


def test_names_that_would_look_alike_are_shown_whole(tmp_path, AP):
    names = [f"tried-margin0_3-label_smoothing0_{number}" for number in range(2)]
    runs = [write_run(tmp_path, name, 1, AP) for name in ("a", *names)]
    run(tmp_path, runs[1:])
    assert all(f"{name}  " in (tmp_path / "table.txt").read_text() for name in names)
    run(tmp_path, runs[:2])
    assert "tried-margin0_3-label_s…" in (tmp_path / "table.txt").read_text()


def test_mean_and_spread_over_seeds(tmp_path, AP):
    folders = [write_run(tmp_path, "baseline", seed, AP * scale) for seed, scale in ((2, 0.6), (1, 0.5), (3, 0.1))]
    table = run(tmp_path, folders)
    assert table["seeds"].tolist() == ["1 2 3"]
    values = 100 * AP.mean() * np.array([0.6, 0.5, 0.1])
    row = table.iloc[0]
    figures = [row[f"mAP{suffix}"] for suffix in ("", "_sd", "_min", "_max")]
    assert figures == pytest.approx([values.mean(), values.std(ddof=1), values.min(), values.max()], abs=1e-4)
    assert row["mAP_trapezoid"] == 30 and row["mAP_trapezoid_sd"] == 0
    assert (row["rank1"], row["rank5"], row["rank10"], row["mINP"]) == (50, 60, 70, 20)
    expected = estimate(100 * np.outer([0.5, 0.6, 0.1], AP), np.arange(30) // 2).interval()
    assert [row["mAP_low"], row["mAP_high"]] == pytest.approx(np.clip(expected, 0, 100), abs=1e-4)
    assert row["persons"] == 15


def test_what_scores_vary_with(tmp_path, AP):
    """Negative estimates are shown as 0, and the reader is told; few seeds say little; whose seeds draw images too."""
    rng, names = np.random.default_rng(1), ("own", "shared", "flat", "one")
    shifts = {"own": (0.0, 0.2, 0.4), "shared": (0.0, 0.1, 0.2), "flat": (0.0, 0.0), "one": (0.0,)}
    noise = {name: 0.1 * rng.random((len(of), 30)) for name, of in shifts.items()}
    noise["flat"] -= noise["flat"].mean(axis=1, keepdims=True) - 0.1  # equal means: less than single persons vary by
    folders = [
        write_run(tmp_path, name, seed, AP * 0.4 + shift + noise[name][seed - 1])
        for name in names
        for seed, shift in enumerate(shifts[name], 1)
    ]
    trained = pd.DataFrame(
        [
            {"experiment": name, "uses_generated": True, "indexes": i}
            for name, i in zip(names, (3, 1, 1, 1), strict=True)
        ]
    )
    table = run(tmp_path, folders, reference="own").set_index("experiment")
    expected = components(
        100 * np.array([AP * 0.4 + shift + noise["own"][i] for i, shift in enumerate(shifts["own"])]),
        np.arange(30) // 2,
    )
    assert table.loc["own", VARIANCES].tolist() == pytest.approx(expected, abs=1e-3)
    assert table.loc["flat", "variance_seeds"] < 0 and table.loc["one", VARIANCES].isna().all()
    text, page = (tmp_path / FILES["text"]).read_text(), (tmp_path / FILES["page"]).read_text()
    said = text[text.index("What scores vary with") :]
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines()[1:5]}
    assert rows["experiment"] == ["persons", "seeds", "rest"] and set(rows) == {"experiment", "own", "shared", "flat"}
    assert rows["own"] == [f"{np.sqrt(each):.1f}" for each in expected] and rows["flat"][1] == "0.0"
    words = " ".join(as_text(table.copy().reset_index()).split())
    assert "estimate of the variance is negative: seeds of flat" in words
    assert "2 seeds: the true one is 0.45 to 32 times as large; 3 seeds: the true one is 0.52 to 6.3" in words
    assert "What scores vary with" in page and "seeds of flat" in page
    blocks = variance_blocks(table.copy().reset_index(), trained)
    remarks = " ".join(blocks[0].remarks)
    assert "seeds of own: generator, GCN" in remarks and "seeds of shared, flat: the training of the encoder" in remarks


def test_one_seed_has_no_deviation(tmp_path, AP):
    table = run(tmp_path, [write_run(tmp_path, "baseline", 1, AP)])
    assert table["mAP_sd"].isna().all() and table["difference"].isna().all()
    assert "What scores vary with" not in (tmp_path / FILES["text"]).read_text()


def test_difference_to_the_first_experiment_is_paired(tmp_path, AP):
    folders = [
        write_run(tmp_path, name, 1, AP * 0.5 + plus) for name, plus in (("zebra", 0), ("ant", 0.2), ("bee", 0.1))
    ]
    table = run(tmp_path, folders)
    assert table["experiment"].tolist() == ["zebra", "ant", "bee"]
    assert table["baseline"].tolist() == ["zebra"] * 3
    assert np.isnan(table["difference"][0])
    # each query gains the same, so that a paired interval has no width, though that of mAP has
    for name in ("difference", "difference_low", "difference_high"):
        assert table[name][1:].tolist() == pytest.approx([20, 10], abs=1e-3)
    assert (table["mAP_high"] - table["mAP_low"]).min() > 5
    assert table["verdict"].tolist() == ["", "better", "better"]


def test_difference_equals_a_slow_estimate_over_common_seeds(tmp_path):
    rng = np.random.default_rng(3)
    AP = {(name, seed): rng.random(30) for name, seeds in (("a", (1, 2, 3)), ("b", (3, 4, 1))) for seed in seeds}
    row = run(tmp_path, [write_run(tmp_path, *key, values) for key, values in AP.items()]).iloc[1]
    assert row["common_seeds"] == "1 3" and row["seeds"] == "1 3 4"
    gained = 100 * np.array([AP["b", seed] - AP["a", seed] for seed in (1, 3)])
    means, centred = gained.mean(axis=1), (gained - gained.mean(axis=1, keepdims=True)).reshape(2, 15, 2).mean(axis=2)
    both = sum((centred[0, p] - centred[1, p]) ** 2 / 2 for p in range(15)) / (2 * 15 * 14)
    of_persons = max(sum(centred.mean(axis=0) ** 2) / (15 * 14) - both, 0)
    of_seeds = (means[0] - means[1]) ** 2 / 4
    half = np.sqrt(stats.t(1).ppf(0.975) ** 2 * of_seeds + stats.t(14).ppf(0.975) ** 2 * of_persons)
    figures = row[["difference", "difference_low", "difference_high"]].tolist()
    assert figures == pytest.approx([gained.mean(), gained.mean() - half, gained.mean() + half], abs=1e-4)
    assert row["verdict"] == "undecided"


def test_without_a_common_seed_there_is_no_difference(tmp_path, AP):
    runs = [("a", 1, AP), ("b", 2, AP / 2), ("c", 1, AP / 2), ("c", 2, AP / 2)]
    table = run(tmp_path, [write_run(tmp_path, *each) for each in runs])
    assert table["common_seeds"].tolist() == ["", "none", "1"]
    assert table["difference"].isna().tolist() == [True, True, False]
    assert table["verdict"].tolist() == ["", "", "worse"]
    text, page = ((tmp_path / FILES[name]).read_text() for name in ("text", "page"))
    assert "b: no common seed with a" in text and "<td>no common seed</td><td>-</td>" in page


def test_verdicts_are_corrected_for_all_differences(tmp_path):
    """A difference that is decided alone is not among nine others; one that is large stays decided."""
    rng = np.random.default_rng(4)
    base, noise = rng.random(60) / 2, rng.normal(0, 0.05, 60)
    names = {"base": base, "slightly": base + 0.015 + noise, "much": base + 0.2 + noise}
    names |= {f"other{number}": base + rng.normal(0, 0.05, 60) for number in range(8)}
    folders = {name: write_run(tmp_path, name, 1, values) for name, values in names.items()}
    alone = run(tmp_path, [folders["base"], folders["slightly"]]).iloc[1]
    assert alone["verdict"] == "better" and alone["difference_holm"] == alone["difference_p"]
    assert "the number of differences here, 1 (Holm)" in " ".join((tmp_path / FILES["text"]).read_text().split())
    table = run(tmp_path, list(folders.values())).set_index("experiment")
    assert table["verdict"][["slightly", "much"]].tolist() == ["undecided", "better"]
    row = table.loc["slightly"]
    assert row["difference_low"] > 0 and row["difference_p"] < 0.05 < row["difference_holm"]
    text, page = (" ".join((tmp_path / FILES[name]).read_text().split()) for name in ("text", "page"))
    assert all("the number of differences here, 10 (Holm)" in shown for shown in (text, page))


def test_one_seed_is_said(tmp_path, AP):
    folders = [write_run(tmp_path, name, seed, AP / (1 + (name == "b"))) for name in "ab" for seed in (1, 2)]
    said = ("for other persons alone", "the verdict is on these networks", "(one seed)")
    for given, expected in ((folders[::2], True), (folders, False)):
        run(tmp_path, given)
        for name in ("text", "page"):
            shown = " ".join((tmp_path / FILES[name]).read_text().split())
            assert [words in shown for words in said] == [expected] * 3
            assert "for other persons and other seeds" in shown


def test_one_person_decides_nothing(tmp_path):
    row = run(tmp_path, [write_run(tmp_path, name, 1, [0.9, plus]) for name, plus in (("a", 0.1), ("b", 0.2))]).iloc[1]
    assert row["verdict"] == "undecided" and row["difference"] == pytest.approx(5) and row["difference_low"] == -np.inf
    assert (row["mAP_low"], row["mAP_high"], row["persons"]) == (0, 100, 1)


def test_queries_without_a_match_are_left_out_of_the_interval(tmp_path, AP):
    plain = run(tmp_path, [write_run(tmp_path, "baseline", 1, AP)])
    (tmp_path / "more").mkdir()
    more = run(tmp_path, [write_run(tmp_path / "more", "baseline", 1, np.append(AP, np.nan))])
    assert more["queries"].tolist() == [31]
    assert more["mAP_low"].tolist() == plain["mAP_low"].tolist()


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"protocol": "openreid"}, "not comparable with baseline: another protocol"),
        ({"gallery": 51}, "not comparable with baseline: other queries or another gallery"),
    ],
)
def test_other_tasks_are_not_compared(tmp_path, AP, changes, remark):
    table = run(tmp_path, [write_run(tmp_path, "baseline", 1, AP), write_run(tmp_path, "other", 1, AP, **changes)])
    assert table["difference"].isna().all()
    assert remark in table["remark"][1] and remark not in table["remark"][0]
    assert remark in (tmp_path / "page.html").read_text()


def test_other_queries_are_not_compared(tmp_path, AP):
    table = run(tmp_path, [write_run(tmp_path, "baseline", 1, AP), write_run(tmp_path, "other", 1, AP[:20])])
    assert table["difference"].isna().all()
    assert "other queries or another gallery" in table["remark"][1]
    assert "30 or 20 queries" in as_text(table)


def test_protocols_of_one_experiment_stay_apart(tmp_path, AP):
    folders = [
        write_run(tmp_path, "baseline", seed, AP, protocol=name) for seed, name in ((1, "market"), (2, "openreid"))
    ]
    table = run(tmp_path, folders)
    assert table["protocol"].tolist() == ["market, cosine", "openreid, cosine"]
    assert table["seeds"].tolist() == ["1", "2"]


def test_each_data_set_has_its_own_baseline(tmp_path, AP):
    folders = [write_run(tmp_path, "a", 1, AP, dataset=name) for name in ("x", "y")]
    folders += [write_run(tmp_path, "b", 1, AP / 2, dataset="y")]
    table = run(tmp_path, folders)
    assert table["difference"].isna().tolist() == [True, True, False]


def test_multi_query_scores_have_their_own_columns(tmp_path, AP):
    multi = {"mAP": 0.9, "mAP_trapezoid": 0.8, "mINP": 0.7, "rank1": 0.95, "rank5": 1.0, "rank10": 1.0}
    folders = [write_run(tmp_path, "a", 1, AP, multi_query=multi), write_run(tmp_path, "b", 1, AP)]
    table = run(tmp_path, folders)
    assert table["multi_query_mAP"].tolist() == [90, pytest.approx(np.nan, nan_ok=True)]
    assert table["mAP"].tolist() == pytest.approx([100 * AP.mean()] * 2, abs=1e-4)
    assert "a: multi-query mAP 90.0, rank1 95.0" in as_text(table)
    assert "multi-query mAP" in (tmp_path / "page.html").read_text()


def test_multi_query_scores_of_some_seeds_are_not_averaged(tmp_path, AP):
    multi = dict.fromkeys(("mAP", "mAP_trapezoid", "mINP", "rank1", "rank5", "rank10"), 0.9)
    folders = [write_run(tmp_path, "a", 1, AP, multi_query=multi), write_run(tmp_path, "a", 2, AP)]
    table = run(tmp_path, folders)
    assert table["multi_query_mAP"].isna().all()
    assert "no multi_query scores: not all seeds have them" in table["remark"][0]


def test_a_protocol_without_map(tmp_path, AP):
    single = {"mAP": None, "mAP_trapezoid": None, "mINP": None, "rank1": 0.5, "rank5": 0.6, "rank10": 0.7}
    folders = [write_run(tmp_path, name, 1, AP, protocol="single_gallery_shot", single_query=single) for name in "ab"]
    table = run(tmp_path, folders)
    assert table[["mAP", "mAP_low", "difference"]].isna().all(axis=None)
    assert table["rank1"].tolist() == [50, 50]
    assert (tmp_path / "plot.png").exists()


def test_small_scale_is_said_once(tmp_path, AP):
    table = run(tmp_path, [write_run(tmp_path, name, 1, AP) for name in "ab"])
    assert as_text(table).count("small-scale: 30 queries") == 1
    assert (tmp_path / "page.html").read_text().count("small-scale: 30 queries") == 1
    (tmp_path / "more").mkdir()
    large = run(tmp_path, [write_run(tmp_path / "more", "a", 1, np.full(1000, 0.5))])
    assert "small-scale" not in as_text(large)


def test_text_is_at_most_100_columns_wide(tmp_path, AP):
    note = {"name": "market", "distance": "cosine", "same_camera_removed": False, "note": "word " * 60}
    names = ["x" * 80, "y" * 80]
    (tmp_path / "r").mkdir()
    folders = [write_run(tmp_path / "r", name, seed, AP) for name in names for seed in (1, 2)]
    for folder in folders:
        content = json.loads((folder / "scores.json").read_text())
        (folder / "scores.json").write_text(json.dumps(content | {"protocol": note}))
    lines = as_text(run(tmp_path, folders)).splitlines()
    assert max(map(len, lines)) <= 100
    assert "cameras unknown" in lines[0]
    assert len({line.index(" ±") for line in lines[3:5]}) == 1


def test_the_log_shows_the_table(tmp_path, AP, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("purereid"), "propagate", True)
    with caplog.at_level(logging.INFO, "purereid"):
        table = run(tmp_path, [write_run(tmp_path, "baseline", 1, AP)])
    assert table["experiment"][0] in caplog.text and "small-scale: 30 queries" in caplog.text


def test_the_page_says_what_was_trained_and_what_is_missing(tmp_path, AP, index):
    """The index has 4 training persons with 6 images each."""
    about = {
        "experiment": "a",
        "system": "bot",
        "backbone": "resnet50",
        "size": "256 x 128",
        "weights": "r50.safetensors",
    }
    about |= {
        "train": "tiny",
        "images": "real images alone",
        "splits": ["train"],
        "held_out": 0.0,
        "uses_generated": False,
    }
    about |= {"seeds": 1, "stages": 1}
    folders = [write_run(tmp_path, name, 1, AP) for name in ("a", "b")]
    networks, curves = save_stage(tmp_path / "stage", 200, 64, 16, {"encoder": 2_500_000, "decoder": 1_000_000})
    files = {"networks": [networks], "curves": [curves]}
    run(tmp_path, folders, indexes=[index], trained=[about], left_out=["<c>", "d"], **files)
    page, text = ((tmp_path / FILES[name]).read_text() for name in ("page", "text"))
    row = page[page.index("What was trained") :]
    assert [cell in row for cell in ("resnet50", "256 x 128", "r50.safetensors", "tiny, real images alone")] == [
        True
    ] * 4
    assert ">24<" in row and ">0<" in row
    took = ("200", "12,800", "3,200", "3.50 M", "2.50 M", "240")
    assert all(f">{cell}<" in row for cell in took)
    assert ["a", "200", "12,800", "3,200", "3.50", "M", "2.50", "M", "240"] in [
        line.split() for line in text.split("\n")
    ]
    first = publish_parts((tmp_path / FILES["first_page"]).read_text(), writer="html")["body"]
    assert all(
        cell in first
        for cell in ("256 x 128", "r50.safetensors weights", "24 real + 0 generated images", "not trained", "&lt;c&gt;")
    )
    assert "system-message" not in first and "Rendered people" not in first
    assert "left out (leave_out): <c>, d" in text and "&lt;c&gt;, d" in page and "<c>" not in page


def test_the_first_page_says_where_people_are_rendered(tmp_path, AP):
    run(tmp_path, [write_run(tmp_path, "a", 1, AP)], rendered=True)
    assert "Rendered people do not exist" in (tmp_path / FILES["first_page"]).read_text()


def test_text_from_data_is_escaped(tmp_path, AP):
    folders = [write_run(tmp_path, "<script>a&b</script>", 1, AP, dataset="<b>"), write_run(tmp_path, "$x_$", 1, AP)]
    run(tmp_path, folders)
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "<b>" not in page
    assert "&lt;script&gt;a&amp;b&lt;/script&gt;" in page


def test_the_page_needs_no_other_file(tmp_path, AP):
    run(tmp_path, [write_run(tmp_path, "baseline", 1, AP)])
    page = (tmp_path / "page.html").read_text()
    assert "http" not in page and "data:image/png;base64," in page


def test_the_plot_shows_every_panel(tmp_path, AP):
    run(tmp_path, [write_run(tmp_path, "a", 1, AP)])
    one = Image.open(tmp_path / "plot.png").size
    run(tmp_path, [write_run(tmp_path, "b", 1, AP, dataset=name) for name in ("x", "y")])
    two = Image.open(tmp_path / "plot.png").size
    assert two[0] == one[0] and two[1] > 1.5 * one[1]


def test_same_runs_same_bytes(tmp_path, AP):
    folders = [write_run(tmp_path, name, seed, AP) for name in "ab" for seed in (1, 2)]
    run(tmp_path, folders)
    files = [tmp_path / name for name in FILES.values()]
    before = [path.read_bytes() for path in files]
    run(tmp_path, folders)
    assert [path.read_bytes() for path in files] == before


def test_a_seed_given_twice(tmp_path, AP):
    folder = write_run(tmp_path, "baseline", 1, AP)
    with pytest.raises(UserError, match="a seed is given twice"):
        run(tmp_path, [folder, folder])


def test_seeds_with_other_queries(tmp_path, AP):
    folders = [write_run(tmp_path, "baseline", 1, AP), write_run(tmp_path, "baseline", 2, AP[:20])]
    with pytest.raises(UserError, match="the seeds were scored on different images"):
        run(tmp_path, folders)


def test_scores_and_ranks_of_different_runs(tmp_path, AP):
    folders = [write_run(tmp_path, "a", 1, AP), write_run(tmp_path, "b", 1, AP / 2)]
    for name, other in (("ranks", folders[1]), ("ranks", write_run(tmp_path, "c", 1, AP[:20]))):
        files = {"scores": [folders[0] / "scores.json"], name: [other / "ranks.parquet"]}
        with pytest.raises(UserError, match="scores and ranks are not of the same run"):
            compare(
                **files,
                table=tmp_path / "t",
                text=tmp_path / "x",
                page=tmp_path / "p",
                plot=tmp_path / "p.png",
                first_page=tmp_path / "f",
            )


def test_no_runs(tmp_path):
    with pytest.raises(UserError, match="0 scores and 0 ranks"):
        run(tmp_path, [])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.json", b"{", "the scores cannot be read"),
        ("scores.json", b'{"dataset": "x"}', "the scores lack centralised, counts, experiment"),
        ("ranks.parquet", b"none", "the ranks cannot be read"),
        ("scores.json", None, "the scores cannot be read"),
        ("ranks.parquet", None, "the ranks cannot be read"),
    ],
)
def test_broken_files(tmp_path, AP, name, content, message):
    folder = write_run(tmp_path, "baseline", 1, AP)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        run(tmp_path, [folder])
