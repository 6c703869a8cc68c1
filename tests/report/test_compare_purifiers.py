"""The comparison of purified sets: its rows, and how they are shown."""

import json
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from purereid.data.purified_file import write_purified
from purereid.data.truth_file import write_truth
from purereid.errors import UserError
from purereid.report.compare import METRICS
from purereid.report.compare_purifiers import compare_purifiers
from purereid.report.intervals import holm
from purereid.report.training_sets import REAL_ALONE

FILES = {"table": "t.csv", "text": "t.txt", "page": "t.html", "plot": "t.png"}
INPUTS = ("kept", "truth", "scores", "ranks", "networks", "sets", "experiments", "trained")
NUMBER, QUERIES = 200, 40

GCN = {"held_out": {"average_precision": 0.5, "largest": 0.75}, "cosine": {"average_precision": 0.25}, "steps": 300}
GCN |= {"held_out_identities": [3, 4], "seen": 0}
SEEN = {"held_out_identities": [5], "seen": 1, "steps": 300}


class Folder:
    """Purified sets and experiments that trained on them, as files."""

    def __init__(self, path: Path):
        self.path = path
        for name in INPUTS:
            setattr(self, name, [])

    def add_set(
        self, generator: str, purifier: str, kept=True, spoiled="", rendered=True, rule="gcn", own_encoder=False
    ) -> None:
        """A set of 200 images of 20 identities, every fourth of which shows another one."""
        row = np.arange(NUMBER)
        table = pd.DataFrame({"image": [f"{generator}/{number}.png" for number in row], "pid": row % 20, "kept": kept})
        known = table.assign(injected=spoiled, nearest_pid=table["pid"] + (row % 4 == 0), l1_truth=0.25)
        known = known.assign(ssim_truth=row / NUMBER if rendered else np.nan, nearest_truth=np.nan)
        names = [self.path / f"{len(self.sets)}.{what}.parquet" for what in ("kept", "truth")]
        write_purified(names[0], table.assign(score=0.0, reason=""))
        write_truth(names[1], known if rendered else known.assign(l1_truth=np.nan))
        self.kept.append(names[0])
        self.truth.append(names[1])
        about = {"rule": rule, "own_encoder": own_encoder}
        self.sets.append({"generator": generator, "purifier": purifier} | about)

    def add_experiment(self, name: str, generator=None, purifier=None, mAP: float | None = 50.0, **changed) -> None:
        """An experiment, and its runs with two seeds on 40 queries."""
        self.experiments.append({"experiment": name, "generator": generator, "purifier": purifier})
        spread = np.random.default_rng(len(self.experiments)).random(QUERIES)
        for seed, more in ((1, -0.005), (2, 0.005)):
            AP = np.full(QUERIES, np.nan) if mAP is None else mAP / 100 + more + 0.4 * (spread - spread.mean())
            self.add_run(name, seed, AP, **changed)

    def add_run(self, name: str, seed: int, AP: np.ndarray, *, dataset="people", note="few lights", gallery=50) -> None:
        """What ``evaluate`` writes; NaN is a query without a match."""
        known = not np.isnan(AP).any()
        single = {"mAP": float(AP.mean()) if known else None}
        content = {
            "dataset": dataset,
            "experiment": name,
            "seed": seed,
            "protocol": {"name": "market", "distance": "cosine", "same_camera_removed": True, "note": note},
            "counts": {"queries": len(AP), "gallery": gallery},
            "single_query": dict.fromkeys(METRICS) | single,
            "multi_query": None,
            "reranked": None,
            "centralised": None,
            "views": None,
            "verified": None,
        }
        self.scores.append(self.path / f"{len(self.scores)}.scores.json")
        self.scores[-1].write_text(json.dumps(content))
        self.ranks.append(self.path / f"{len(self.ranks)}.ranks.parquet")
        images = [f"query/{number}.jpg" for number in range(len(AP))]
        pids = np.arange(len(AP)) // 2  # two queries of each person
        pd.DataFrame({"image": images, "pid": pids, "good": np.int32(2 * known), "AP": AP}).to_parquet(self.ranks[-1])

    def add_network(self, name: str, content: dict) -> None:
        """What the training of a network wrote."""
        self.trained.append(dict(zip(("network", "generator"), name.split(" for "), strict=True)))
        self.networks.append(self.path / f"{len(self.networks)}.json")
        self.networks[-1].write_text(json.dumps(content))

    def compare(self, **changed) -> tuple[pd.DataFrame, str, str]:
        """Table, text and page."""
        outputs = {name: self.path / file for name, file in FILES.items()}
        inputs = {name: getattr(self, name) for name in INPUTS}
        compare_purifiers(**inputs | outputs | {"reference": "baseline"} | changed)
        table = pd.read_csv(outputs["table"], keep_default_na=False)
        return table, outputs["text"].read_text(), outputs["page"].read_text()


@pytest.fixture(name="folder")
def two_generators(tmp_path):
    """Two generators, one with injected failures: purifiers that know them, choose by chance, keep nothing."""
    row = np.arange(NUMBER)
    spoiled = np.where(row % 5 == 0, "blur", np.where(row % 5 == 1, "noise", "")).astype(object)
    half = row < NUMBER // 2
    folder = Folder(tmp_path)
    folder.add_set("good", "half", half)
    folder.add_set("spoiled", "knowing", spoiled == "", spoiled)
    folder.add_set("spoiled", "chance", half, spoiled, rule="random")
    folder.add_set("spoiled", "nothing", False, spoiled)
    folder.add_experiment("uses_half", "good", "half", 55)
    folder.add_experiment("baseline")
    folder.add_experiment("uses_half_too", "good", "half", 45)
    folder.add_experiment("all_of_good", "good", None, 52)
    folder.add_experiment("lsro", "dcgan", None, 51)
    return folder


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_rows_are_sets_and_the_experiments_on_them(folder):
    table, _, _ = folder.compare()
    assert table[["generator", "purifier", "experiment"]].to_numpy().tolist() == [
        ["", "", "baseline"],
        ["good", "", "all_of_good"],
        ["good", "half", "uses_half"],
        ["good", "half", "uses_half_too"],
        ["spoiled", "", ""],
        ["spoiled", "knowing", ""],
        ["spoiled", "chance", ""],
        ["spoiled", "nothing", ""],
        ["dcgan", "", "lsro"],
    ]
    assert table["kept"].tolist() == ["", "200", "100", "100", "200", "120", "100", "0", ""]
    assert table["mAP"].tolist() == ["50", "52", "55", "45", "", "", "", "", "51"]
    assert table["dropped_blur"].tolist() == ["", "", "", "", "0", "100", "50", "100", ""]
    assert set(table["dataset"]) == {"people"}


def test_numbers_have_six_digits(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "third", np.arange(NUMBER) < NUMBER // 3)
    folder.add_experiment("baseline", mAP=100 / 3)
    table, _, _ = folder.compare()
    assert table["mAP"][0] == "33.3333" and float(table["right_kept"][2]) == pytest.approx(100 * 49 / 66, abs=1e-4)


def test_text_has_a_table_of_each_kind(folder):
    _, text, page = folder.compare()
    lines = words(text)
    assert ["good,", "all", "images", "200", "200", "100.0", "20", "20"] in lines
    assert ["spoiled,", "nothing", "200", "0", "0.0", "0", "20"] in lines
    assert ["good,", "half", "75.0", "75.0", "50.0", "0.247", "0.748", "0.250", "0.250"] in lines
    assert ["spoiled,", "nothing", "-", "75.0", "0.0", "-", "0.497", "-", "0.250"] in lines
    assert ["spoiled,", "knowing", *["100.0"] * 3, "0.0", "+100.0", "±13.9", "100.0"] in lines
    assert f"<td>baseline</td><td>{REAL_ALONE}</td><td>50.0 ±0.7</td>{'<td>-</td>' * 3}" in page
    header = ["experiment", "trained on", "mAP", "against all images", "against chance", "against baseline"]
    assert f"<th>{'</th><th>'.join(header)}</th>" in page and page.count("<h2>") == 4
    gain = r"\[[+-]\d+\.\d, [+-]\d+\.\d\] (undecided|better)</td><td>"
    assert re.search(r"<td>good, half</td><td>55.0 ±0.7</td><td>\+3.0 " + gain + r"-</td><td>\+5.0 " + gain, page)


def test_what_is_no_better_than_chance_is_named(folder):
    _, text, page = folder.compare()
    said = "NO BETTER THAN CHANCE at telling injected failures from others: spoiled, chance; spoiled, nothing"
    assert said in " ".join(text.split()) and f"<li>{said}</li>" in page
    assert "images of spoiled: 40 blur, 40 noise, 80 all injected, 120 others" in text


def test_definitions_and_remarks_stand_below(folder):
    _, text, page = folder.compare()
    for said in (
        "share of the images right in this sense",
        "mAP minus that of another experiment",
        "against all images: the experiment on all images of the same generator (all_of_good)",
        "similarity (-1 to 1, higher is better)",
        "with the rule random, the draw: the spread and the intervals leave them out",
        "small-scale: 200 images of good",
    ):
        assert said in " ".join(text.split()) and said in page
    assert text.count("few lights") == 1


def test_sets_of_a_thousand_images_are_not_small(tmp_path, monkeypatch):
    monkeypatch.setattr("purereid.report.compare_purifiers_views.SMALL", NUMBER)
    folder = Folder(tmp_path)
    folder.add_set("good", "half")
    folder.add_experiment("baseline")
    assert "small-scale: 200 images" not in folder.compare()[1]


def test_what_is_not_known_has_no_column(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "all", rendered=False)
    folder.add_experiment("baseline")
    _, text, page = folder.compare()
    for shown in (text, page.split("<img")[0]):
        assert "SSIM" not in shown and "L1" not in shown and "injected" not in shown and "right kept" in shown


def test_a_protocol_without_map(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "half")
    folder.add_experiment("baseline", mAP=None)
    folder.add_experiment("everything", "good", None, None)
    folder.add_experiment("half", "good", "half", None)
    table, _, page = folder.compare()
    assert table["mAP"].tolist() == table["all_difference"].tolist() == [""] * 3
    for line in (f"<td>baseline</td><td>{REAL_ALONE}</td>", "<td>half</td><td>good, half</td>"):
        assert line + "<td>-</td>" * 5 in page


def test_the_text_is_at_most_100_columns_wide(tmp_path):
    folder = Folder(tmp_path)
    kinds = np.resize([f"way_of_spoiling_number_{number}" for number in range(9)] + [""], NUMBER).astype(object)
    folder.add_set("g" * 60, "p" * 60, np.arange(NUMBER) < 30, kinds)
    folder.add_experiment("baseline", note="word " * 60)
    folder.add_experiment("e" * 70, "g" * 60, "p" * 60)
    _, text, page = folder.compare()
    assert max(map(len, text.splitlines())) <= 100
    headers = [line for line in text.splitlines() if line.startswith("set ")]
    assert sum(line.count("way of spoiling number") for line in headers) == 9 and "p" * 60 in page


def test_text_from_data_is_escaped(tmp_path):
    bad = "<script>a&b</script>"
    folder = Folder(tmp_path)
    folder.add_set(bad, bad, np.arange(NUMBER) < 30, np.resize([bad, ""], NUMBER).astype(object))
    folder.add_experiment(bad, bad, bad, note=bad, dataset=bad)
    folder.add_network(f"gcn for {bad}", GCN)
    _, _, page = folder.compare(reference=bad)
    assert "<script" not in page and page.count("&lt;script&gt;a&amp;b&lt;/script&gt;") > 10


def test_the_page_needs_no_other_file(folder):
    _, _, page = folder.compare()
    assert "http" not in page and page.count('src="data:image/png;base64,') == 1


def test_the_plot_is_8_inches_wide_and_grows_with_the_rows(folder, tmp_path):
    folder.compare()
    wide, tall = Image.open(folder.path / "t.png").size
    (tmp_path / "small").mkdir()
    small = Folder(tmp_path / "small")
    small.add_set("good", "half")
    small.add_experiment("baseline")
    small.compare()
    assert Image.open(tmp_path / "small/t.png").size[0] == wide == 8 * 150
    assert Image.open(tmp_path / "small/t.png").size[1] < tall


def test_same_files_same_bytes(folder):
    folder.compare()
    before = [(folder.path / name).read_bytes() for name in FILES.values()]
    folder.compare()
    assert [(folder.path / name).read_bytes() for name in FILES.values()] == before


def test_the_log_shows_the_tables(folder, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("purereid"), "propagate", True)
    with caplog.at_level(logging.INFO, "purereid"):
        _, text, _ = folder.compare()
    assert text.strip() in caplog.text


@pytest.fixture(name="drawn")
def two_sets_by_chance(tmp_path):
    """A purified set of 100 images, and two that were drawn, of 60 and of 100."""
    folder, row = Folder(tmp_path), np.arange(NUMBER)
    folder.add_set("good", "half", row < 100, own_encoder=True)
    folder.add_set("good", "few_drawn", row % 10 < 3, rule="random")
    folder.add_set("good", "drawn", row % 2 == 0, rule="random")
    folder.add_set("good", "most", row < 150)
    folder.add_set("other", "half", row < 100)
    folder.add_experiment("baseline")
    folder.add_experiment("few_drawn", "good", "few_drawn", 49)
    folder.add_experiment("drawn", "good", "drawn", 48)
    folder.add_experiment("drawn_again", "good", "drawn", 40)
    folder.add_experiment("half", "good", "half", 55)
    folder.add_experiment("most", "good", "most", 56)
    folder.add_experiment("everything", "good", None, 52)
    folder.add_experiment("everything_again", "good", None, 51)
    folder.add_experiment("other", "other", "half", 51)
    return folder


def test_opponents_are_of_the_same_generator(drawn):
    table = drawn.compare()[0].set_index("experiment")
    opponents = table[["all_baseline", "chance_baseline"]].agg(tuple, axis=1).to_dict()
    assert {name: names for name, names in opponents.items() if any(names)} == {
        "half": ("everything", "drawn"),
        "most": ("everything", "drawn"),
        "few_drawn": ("everything", ""),
        "drawn": ("everything", ""),
        "drawn_again": ("everything", ""),
    }
    assert table.loc[["baseline", "other", "everything"], "chance_difference"].tolist() == [""] * 3


def test_differences_equal_slow_ones(drawn):
    """Two seeds: their part of the variance has one degree of freedom, that of the persons 19."""
    table = drawn.compare()[0].set_index("experiment")
    row, AP = table.loc["half"], {}
    for scores, ranks in zip(drawn.scores, drawn.ranks, strict=True):
        name = json.loads(scores.read_text())["experiment"]
        AP.setdefault(name, []).append(pd.read_parquet(ranks)["AP"].to_numpy())
    for prefix, other in (("all_", "everything"), ("chance_", "drawn"), ("", "baseline")):
        first, second = (100 * (a - b) for a, b in zip(AP["half"], AP[other], strict=True))
        both = [(sum(first[q : q + 2]) + sum(second[q : q + 2])) / 4 for q in range(0, QUERIES, 2)]
        mean = sum(both) / 20
        of_persons = sum((value - mean) ** 2 for value in both) / (20 * 19)  # each seed moves all queries alike
        of_seeds = (first.mean() - second.mean()) ** 2 / 4
        half = (stats.t(19).ppf(0.975) ** 2 * of_persons + stats.t(1).ppf(0.975) ** 2 * of_seeds) ** 0.5
        figures = [float(row[f"{prefix}difference{end}"]) for end in ("", "_low", "_high")]
        assert figures == pytest.approx([mean, mean - half, mean + half], abs=1e-3) and half > 1
        assert str(row[f"{prefix}common_seeds"]) == "1 2"


def test_verdicts_are_corrected_for_all_differences_of_the_table(drawn):
    table, text, page = drawn.compare()
    prefixes = ("all_", "chance_", "")
    p_values = pd.concat([pd.to_numeric(table[f"{prefix}difference_p"]) for prefix in prefixes]).dropna()
    corrected = pd.concat([pd.to_numeric(table[f"{prefix}difference_holm"]) for prefix in prefixes]).dropna()
    assert len(corrected) == len(p_values) > 10
    np.testing.assert_allclose(corrected, holm(p_values), rtol=1e-3, atol=1e-6)
    verdicts = [set(table[f"{prefix}verdict"]) for prefix in prefixes]
    assert set.union(*verdicts) <= {"", "better", "worse", "undecided"}
    said = f"the number of differences here, {len(p_values)} (Holm)"
    assert said in " ".join(text.split()) and said in page


def test_opponents_are_named_and_another_share_is_told(drawn):
    text, page = (" ".join(shown.split()) for shown in drawn.compare()[1:])
    for said in (
        "against all images: the experiment on all images of the same generator (everything)",
        "against chance: the experiment on images of the same generator that were drawn by chance (drawn)",
        "CHANCE KEPT ANOTHER SHARE of the images: most (75.0 %, chance 50.0 %)",
        "JUDGED BY ITS OWN ENCODER: &#x27;right&#x27; is the opinion of the very encoder that purified: good, half",
    ):
        assert said.replace("&#x27;", "'") in text and f"<li>{said}</li>" in page


def test_without_opponents_nothing_is_said_of_them(tmp_path):
    folder = Folder(tmp_path)
    folder.add_set("good", "half")
    folder.add_experiment("baseline")
    folder.add_experiment("half", "good", "half")
    table, text, _ = folder.compare()
    assert table["all_difference"].tolist() == table["chance_baseline"].tolist() == [""] * 3
    assert not [said for said in ("against all images:", "against chance:", "CHANCE KEPT", "ENCODER") if said in text]


def test_other_galleries_are_not_compared(drawn):
    drawn.add_experiment("smaller", "other", None, 51, gallery=49)
    table, text, _ = drawn.compare()
    row = table.set_index("experiment").loc["other"]
    assert row["all_baseline"] == "smaller" and row["all_difference"] == "" and row["difference"] != ""
    assert "smaller: not comparable with baseline: other queries or another gallery" in " ".join(text.split())


def test_networks_have_a_table(folder):
    clusters = {"bcubed_f": 0.75, "pairwise_f": 1}
    folder.add_network("gcn for good", GCN)
    folder.add_network(
        "gcn_v for good", {"held_out": clusters, "cosine": {"bcubed_f": 0.5, "pairwise_f": 0.625}} | SEEN
    )
    folder.add_network(
        "gcn for spoiled", {"held_out": None, "cosine": None, "steps": 300, "held_out_identities": [], "seen": 0}
    )
    _, text, page = folder.compare()
    lines = words(text)
    assert ["gcn", "for", "good", "50.0", "25.0", *"----", "2", "0", "300", "0.750"] in lines
    assert ["gcn_v", "for", "good", *"--", "75.0", "50.0", "100.0", "62.5", "1", "1", "300", "-"] in lines
    assert ["gcn", "for", "spoiled", *"------", "0", "0", "300", "-"] in lines
    for said in ("people: networks, on held-out real identities", "hold for no other people: gcn_v for good"):
        assert said in " ".join(text.split()) and said in page


def test_sets_are_judged_on_identities_that_no_network_learnt_from(folder):
    folder.add_network("gcn for spoiled", GCN)
    table, text, page = folder.compare()
    said = "people: the same on identities that neither the encoder nor the networks of graphs learnt from"
    assert said in " ".join(text.split()) and said in page and "SEEN" not in text
    known = table[table["generator"] == "spoiled"].set_index("purifier")
    assert set(known["fold_images"].astype(float)) == {20}
    pids, spoiled = np.arange(NUMBER) % 20, np.arange(NUMBER) % 5 < 2
    assert float(known.loc["knowing", "fold_share"]) == 100 * (~spoiled[np.isin(pids, [3, 4])]).mean()
    folder.add_network("gcn_v for spoiled", GCN | SEEN)
    assert "the same on identities" not in folder.compare()[1]


def test_without_networks_there_is_no_table_of_them(folder):
    assert "networks," not in folder.compare()[1]


def test_an_experiment_on_a_set_that_is_not_given(folder):
    folder.add_experiment("strange", "good", "other")
    with pytest.raises(UserError, match="trained on the set good / other, which is not given"):
        folder.compare()


def test_an_experiment_without_scores(folder):
    folder.experiments.append({"experiment": "unknown", "generator": None, "purifier": None})
    with pytest.raises(UserError, match="no scores of unknown"):
        folder.compare()


def test_no_experiments(folder):
    with pytest.raises(UserError, match="there is no experiment to compare"):
        folder.compare(experiments=[])


def test_nothing_is_written_where_files_are_refused(folder):
    with pytest.raises(UserError, match="the scores cannot be read"):
        folder.compare(scores=[folder.path / "nowhere.json"] * len(folder.scores))
    with pytest.raises(UserError, match="the scores of a network cannot be read"):
        folder.compare(networks=[folder.path / "nowhere.json"], trained=[{"network": "gcn", "generator": "good"}])
    assert not [name for name in FILES.values() if (folder.path / name).exists()]
