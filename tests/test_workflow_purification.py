"""Purification as its user runs it, on the tiny config."""

import json

import pandas as pd
import pytest

from workflow_project import Project

POSEGAN = "results/people/{}/posegan"
RULES = ("published", "strict", "clusters", "gcn_v", "gcn_e", "classifier", "centre", "mutual", "source")
RULES += ("covariance", "random")
SIMPLE = RULES[5:]
LEARNS = {"generated_per_batch": 4, "generated_labels": "identity"}


def kept(project: Project, purifier: str, generator: str = "posegan") -> pd.DataFrame:
    return pd.read_parquet(project.folder / f"results/people/purify/{generator}/{purifier}/kept.parquet")


def test_purified_images_are_in_the_training(finished: Project):
    table = kept(finished, "gcn")
    assert 0 < table["kept"].sum() <= len(table) == 24
    generated = pd.read_parquet(finished.folder / POSEGAN.format("index_generated") / "index.parquet")
    purified = pd.read_parquet(finished.folder / POSEGAN.format("index_purified") / "gcn/index.parquet")
    assert set(generated["image"]) - set(purified["image"]) == set(table.loc[~table["kept"], "image"])
    log = (finished.folder / "logs/people/train_reid/purified/seed1/encoder.log").read_text()
    assert f"({table['kept'].sum()} generated)" in log
    text = (finished.folder / "results/people/compare_purifiers/table.txt").read_text()
    assert "gcn" in text and "purified" in text and "small-scale" in text


def test_the_graph_knows_nothing_of_the_test(finished: Project):
    index = pd.read_parquet(finished.folder / "results/people/index_dataset/index.parquet")
    train = set(index.loc[index["split"] == "train", "pid"])
    links = json.loads((finished.folder / POSEGAN.format("train_gcn") / "scores.json").read_text())
    assert set(links["identities"]) | set(links["held_out_identities"]) == train
    folder = finished.folder / POSEGAN.format("embed_generated")
    features = pd.concat([pd.read_parquet(folder / f"{shard}-of-2/features.parquet") for shard in range(2)])
    graph = pd.read_parquet(finished.folder / POSEGAN.format("build_graph") / "graph.parquet")
    generated = features["image"].str.startswith("generated/")
    assert graph["image"].tolist() == features.loc[generated, "image"].tolist()
    assert set(features.loc[~generated, "image"]) <= set(index.loc[index["split"] == "train", "image"])


@pytest.mark.slow
def test_a_setting_of_a_purifier_concerns_it_and_what_follows(project: Project):
    project.override(purify={"overlap": 0.2})
    after = {"purify", "index_purified", "show_purified", "train_reid", "compare_purifiers", "compare", "plot_cmc"}
    after |= {"extract_features", "plot_curves", "evaluate", "rank_lists"}
    planned = project.planned()
    assert set(planned) == after and planned["train_reid"] == 1
    project.override(purify={"overlap": 0.1, "max_size": 7, "share": 0.3})
    assert project.planned() == {}


@pytest.mark.slow
def test_all_rules_judge_spoiled_images_at_the_same_share(project: Project):
    simple = {rule: {"rule": rule, "share_of": "gcn"} for rule in SIMPLE}
    project.override(
        generators={"spoiled": {"trained_as": "posegan", "generate": {"train": {"injected": {"share": 0.5}}}}},
        purifiers={rule: {"rule": rule} for rule in RULES[1:]} | simple,
        compare_purifiers={"generators": ["spoiled"]},
        experiments={"spoiled": {"generator": "spoiled", "seeds": [1], "train_reid": LEARNS | {"epochs": 1}}},
    )
    target = "results/people/compare_purifiers/table.csv"
    planned = project.planned(target)
    assert planned["purify"] == len(RULES) and planned["train_gcn"] == planned["train_reid"] == 1
    assert planned["generate"] == 2 and "train_gan" not in planned
    project.run(target)
    tables = {rule: kept(project, rule, "spoiled") for rule in ("gcn", *RULES[1:])}
    assert all(table["image"].equals(tables["gcn"]["image"]) for table in tables.values())
    assert len({tables[rule]["kept"].sum() for rule in ("gcn", *SIMPLE)}) == 1
    truth = pd.read_parquet(project.folder / "results/people/judge_generated/spoiled/truth.parquet")
    assert (truth["injected"] != "").sum() == 12 and truth["ssim_truth"].notna().all()
    compared = pd.read_csv(project.folder / target).set_index(["generator", "purifier"]).loc["spoiled"]
    spoiled = truth.loc[truth["injected"] != "", "image"]
    for rule, table in tables.items():
        dropped = 100 * (~table.set_index("image").loc[spoiled, "kept"]).mean()
        assert compared.loc[rule, "dropped_all_injected"] == pytest.approx(dropped, rel=1e-4)


@pytest.mark.slow
def test_a_purifier_that_keeps_nothing_leaves_the_real_images(project: Project):
    project.override(purify={"threshold": 1.0})
    text = project.run("results/people/train_reid/purified/seed1/encoder/networks.safetensors")
    assert "NOTHING IS KEPT" in text and "NO GENERATED IMAGES" in text
    columns = ["step", "loss", "accuracy"]
    alone, with_none = (
        pd.read_csv(project.folder / f"results/people/train_reid/{name}/seed1/encoder/curves.csv")[columns]
        for name in ("baseline", "purified")
    )
    pd.testing.assert_frame_equal(alone, with_none)
    project.run("results/people/compare_purifiers/table.txt", "results/people/show_purified/posegan/gcn/graph.png")


@pytest.mark.slow
def test_few_real_images_have_a_table(project: Project):
    few = {"setup": "few", "real_identities": 4, "images_per_identity": 2}
    project.override(
        generators={"p1": {"trained_as": "posegan", "generate": {"train": few}, "build_graph": {"k": 3}}},
        experiments={
            "real_p1": {"generator": "p1", "seeds": [1]},
            "generated_p1": {"generator": "p1", "seeds": [1], "train_reid": LEARNS},
        },
    )
    project.run("results/people/few_real/table.txt")
    table = pd.read_csv(project.folder / "results/people/few_real/table.csv").set_index("experiment")
    index = pd.read_parquet(project.folder / "results/people/index_generated/p1/index.parquet")
    real = ((index["split"] == "train") & (index["kind"] != "generated")).sum()
    assert (table.loc[["real_p1", "generated_p1"], "real"] == real).all() and real < 38
    assert table.loc["baseline", "real"] == 38
    assert "results/people/few_real/table.csv" in project.run("--dry-run")


@pytest.mark.slow
def test_a_graph_with_too_few_neighbours_is_told(project: Project):
    project.override(build_graph={"k": 4})
    text = project.run("--dry-run", fails=True)
    assert "build_graph.k is 4, and train_gcn.k1 is 6" in text and "Traceback" not in text
    project.override(build_graph={"k": 30})
    target = "results/people/build_graph/posegan/graph.parquet"
    text = project.run(target, fails=True)
    assert "24 generated images, but each shall have 30 neighbours" in text and "Traceback" not in text
