"""What a data set lacks for the experiments is told at once, with the setting to change."""

import json
from pathlib import Path

import pandas as pd
import pytest

from configured import configure, put
from purereid.data.check_experiments import check_experiments, require
from purereid.data.index import write_index
from purereid.data.pairs import write_pairs
from purereid.errors import UserError
from purereid.experiment_needs import experiment_needs, learns_from_pairs

NEEDS = {"dataset": "mine", "trained": [], "tested": [], "validated": [], "graphs": [], "networks": []}
TRAINING = {"experiments": ["baseline"], "section": "train_reid.bot", "splits": ["train"], "epochs": 10}
TRAINING |= {"held_out": 0.0}
BATCHES = {"identities": 4, "images": 2, "steps_known": False}
NETWORK = {
    "generator": "g",
    "section": "train_gcn",
    "splits": ["train"],
    "held_out": 0.2,
    "seed": 1,
    "sizes": {"k1": 4, "u": 2},
}


@pytest.fixture
def check(tmp_path: Path):
    """Check an index of 5 training persons with 4 images each, and one query and one gallery image of another."""

    def run(test: bool = True, pairs: list[tuple[str, str]] | None = None, **needs: object) -> list[dict]:
        rows = [("train", pid) for pid in range(5) for _ in range(4)] + [("query", 7), ("gallery", 7)] * test
        table = pd.DataFrame(rows, columns=["split", "pid"])
        names = [f"{number}.jpg" for number in range(len(table))]
        table = table.assign(image=names, path=names, sha256=[f"{n:064x}" for n in range(len(table))], camid=0, seq=-1)
        table = table.assign(frame=-1, kind="detected", width=64, height=128, dataset="mine", weight=1.0)
        write_index(table, tmp_path / "index.parquet")
        files = {"index": tmp_path / "index.parquet", "findings": tmp_path / "f.json", "report": tmp_path / "f.html"}
        if pairs:
            write_pairs(tmp_path / "pairs.parquet", *map(list, zip(*pairs, strict=True)))
            files["pairs"] = tmp_path / "pairs.parquet"
        check_experiments(**files, **(NEEDS | needs))
        page = files["report"].read_text()
        found = json.loads(files["findings"].read_text())
        assert all(each["what"] in page for each in found)
        if any(each["severity"] == "error" for each in found):
            require(files["index"], NEEDS | needs)  # as a training does
            raise AssertionError("a training would begin")
        return found

    return run


def test_identities_that_are_held_out_are_in_no_batch(check, tmp_path: Path):
    few = TRAINING | BATCHES | {"identities": 5, "steps_known": True}
    assert check(trained=[few]) == []
    with pytest.raises(UserError, match="3 training identities, but a batch takes 5"):
        check(trained=[few | {"held_out": 0.4}])


def test_a_data_set_that_has_everything(check):
    trained = [TRAINING | BATCHES | {"steps_known": True}]
    graph = {"generator": "g", "section": "build_graph", "splits": ["train"], "images": 2, "k": 9}
    network = NETWORK | {"sizes": {"k1": 3}}
    assert check(trained=trained, tested=["baseline"], graphs=[graph], networks=[network]) == []


@pytest.mark.parametrize(
    ("needs", "what", "do"),
    [
        (
            {"trained": [TRAINING | BATCHES | {"identities": 6}]},
            "5 training identities, but a batch takes 6",
            "bot.ident",
        ),
        ({"trained": [TRAINING | {"splits": ["val"]}]}, "0 training identities in val", "other splits"),
        ({"tested": ["baseline"], "test": False}, "No query and no gallery images", "test_share"),
        ({"validated": ["baseline"]}, "No images for validation", "val_identities"),
        (
            {"graphs": [{"generator": "g", "section": "build_graph", "splits": ["train"], "images": 2, "k": 10}]},
            "10 images, but",
            "k to at most 9",
        ),
        ({"networks": [NETWORK]}, "4 images held out, but each shall have 4", "Lower train_gcn.k1, train_gcn.u"),
        (
            {"networks": [NETWORK | {"held_out": 0.0, "sizes": {"k": 20}}]},
            "20 images to learn from",
            "Lower train_gcn.k",
        ),
    ],
)
def test_what_would_stop_an_experiment_later(check, needs, what, do):
    with pytest.raises(UserError, match="before anything was trained") as told:
        check(**needs)
    assert what in str(told.value) and do in str(told.value)


def test_all_mistakes_are_one_message(check):
    with pytest.raises(UserError) as told:
        check(trained=[TRAINING | BATCHES | {"identities": 6}], networks=[NETWORK], tested=["baseline"], test=False)
    assert all(text in str(told.value) for text in ("a batch takes 6", "No query", "4 images held out"))


def test_what_several_experiments_lack_is_told_once(check):
    other = TRAINING | BATCHES | {"experiments": ["purified"], "identities": 6}
    with pytest.raises(UserError) as told:
        check(trained=[TRAINING | BATCHES | {"identities": 6}, other])
    assert str(told.value).count("a batch takes 6") == 1 and "(baseline, purified)" in str(told.value)


def test_few_updates_are_a_warning(check):
    (found,) = check(trained=[TRAINING | BATCHES])
    assert found["severity"] == "warning" and found["what"] == "An epoch has 2 steps and the training 20, in 10 epochs."
    assert "train_reid.steps_per_epoch to 20 or more" in found["do"] and found["examples"] == ["baseline"]


def test_pairs_of_few_persons_are_a_warning(check):
    (found,) = check(pairs=[("0.jpg", "1.jpg"), ("4.jpg", "5.jpg")], paired_splits=["train"])
    assert found["severity"] == "warning" and "show 2 of 5 persons" in found["what"]
    assert check(pairs=[(f"{4 * n}.jpg", f"{4 * n + 1}.jpg") for n in range(3)], paired_splits=["train"]) == []


def test_needs_are_those_of_the_config(config: dict):
    put(config, "experiments.baseline", {"train_reid": {"identities_per_batch": 9}})
    put(config, "build_graph.k", 31)
    setup = configure(config)
    needs = experiment_needs(setup, "people")
    names = [name for each in needs["trained"] for name in each["experiments"]]
    assert names == ["baseline", "lsro", "posegan", "purified"]  # the yardsticks do not learn
    assert [each["identities"] for each in needs["trained"]] == [9, 16, 16, 16]
    assert set(needs["tested"]) == set(config["experiments"])
    assert [(each["generator"], each["k"]) for each in needs["graphs"]] == [("posegan", 31)]
    assert [each["section"] for each in needs["networks"]] == ["train_gcn"]
    assert set(needs["networks"][0]["sizes"]) == {"k1", "k2", "u"}
    assert learns_from_pairs(setup, "people") and needs["paired_splits"] == ["train"]
    assert [each["section"] for each in needs["trained"][:2]] == ["experiments.baseline.train_reid", "train_reid.bot"]
    for name in ("posegan", "purified"):
        del config["experiments"][name]
    setup = configure(config)
    assert not learns_from_pairs(setup, "people") and experiment_needs(setup, "people")["networks"] == []
