"""Evaluation from files: hand-made data sets of a few images whose scores are known."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from purereid.data.features import read_features, write_features
from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.networks.network_file import save_networks
from purereid.reid.evaluate import evaluate
from purereid.systems.fdgan.networks import Encoder, Verifier

# name: split, pid, camid, angle of the feature in degrees
PEOPLE = {
    "q1": ("query", 1, 0, 0),
    "q2": ("query", 2, 0, 100),
    "g1": ("gallery", 1, 1, 20),
    "g2": ("gallery", 2, 1, 10),
    "g3": ("gallery", 1, 2, 31),
    "g4": ("gallery", 1, 0, 1),  # same identity and camera as q1
    "g5": ("gallery", 0, 1, 70),  # distractor
    "g6": ("gallery", -1, 1, 0),  # junk
    "t1": ("train", 7, 0, 5),
}
SMALL = {"backbone": "resnet_small", "last_stride": 1, "pids": [1], "height": 64, "width": 32}
ROW = {"seq": -1, "frame": -1, "kind": "detected", "width": 64, "height": 128, "dataset": "tiny"}


def run(tmp_path, people, *, without=(), extra=None, **settings):
    """Write index and features of some people, evaluate, read the results."""
    rows = [
        {"image": name, "path": name, "split": split, "pid": pid, "camid": camid, "sha256": f"file of {name}", **ROW}
        for name, (split, pid, camid, _) in people.items()
    ]
    write_index(pd.DataFrame(rows).assign(**(extra or {})), tmp_path / "index.parquet")
    names = [name for name in people if name not in without]
    angles = np.radians([people[name][3] for name in names])
    features = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    write_features(tmp_path / "features.parquet", names, features.astype(np.float32))
    paths = {name: tmp_path / name for name in ("scores", "ranks")}
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("index", "features")}
    settings = {"dataset": "tiny", "experiment": "baseline", "seed": 3} | settings
    evaluate(**inputs, **paths, **settings)
    return json.loads(paths["scores"].read_text()), pq.read_table(paths["ranks"])


def test_scores_of_a_hand_made_data_set(tmp_path):
    scores, _ = run(tmp_path, PEOPLE, without=["g6", "t1"])
    # q1 sees g2 g1 g3 g5: ranks 2 and 3; q2 sees g5 g3 g1 g2 g4 (g4 is no junk for it): rank 4
    AP1, AP2 = (1 / 2 + 2 / 3) / 2, 1 / 4
    trapezoid1, trapezoid2 = ((1 / 2 + 0) / 2 + (2 / 3 + 1 / 2) / 2) / 2, 1 / 8
    single = scores["single_query"]
    assert [scores[name] for name in ("dataset", "experiment", "seed")] == ["tiny", "baseline", 3]
    assert single["mAP"] == pytest.approx((AP1 + AP2) / 2)
    assert single["mAP_trapezoid"] == pytest.approx((trapezoid1 + trapezoid2) / 2)
    assert single["mINP"] == pytest.approx((2 / 3 + 1 / 4) / 2)
    assert (single["rank1"], single["rank5"], single["rank10"]) == (0, 1, 1)
    assert single["cmc"] == [0, 0.5, 0.5] + [1] * 47
    assert scores["counts"] == {"queries": 2, "queries_without_match": 0, "gallery": 5, "junk": 1, "ties": 0}
    assert scores["protocol"] == {"name": "market", "distance": "cosine", "same_camera_removed": True, "note": ""}
    assert scores["multi_query"] is None
    assert scores["camera_pairs"] == [
        {
            "query_camid": 0,
            "gallery_camid": 1,  # q1 sees g2 g1 g5, q2 sees g5 g1 g2
            "queries": 2,
            "mAP": pytest.approx((1 / 2 + 1 / 3) / 2),
            "mAP_trapezoid": pytest.approx((1 / 4 + 1 / 6) / 2),
            "rank1": 0,
        },
        {"query_camid": 0, "gallery_camid": 2, "queries": 1, "mAP": 1, "mAP_trapezoid": 1, "rank1": 1},
    ]


def test_ranks_of_a_hand_made_data_set(tmp_path):
    _, ranks = run(tmp_path, PEOPLE, without=["g6"])
    assert ranks.schema.field("good").type == ranks.schema.field("first").type == pa.int32()
    assert ranks.schema.field("top_distances").type == pa.list_(pa.float32())
    first, second = ranks.to_pylist()
    distances = 1 - np.cos(np.radians([10, 20, 31, 70]))
    assert first.pop("top_distances") == pytest.approx(distances, abs=1e-6)
    assert first == {
        "image": "q1",
        "pid": 1,
        "camid": 0,
        "good": 2,
        "first": 2,
        "AP": pytest.approx(7 / 12),
        "AP_trapezoid": pytest.approx(5 / 12),
        "INP": pytest.approx(2 / 3),
        "top_images": ["g2", "g1", "g3", "g5"],
        "top_right": [False, True, True, False],
    }
    assert second["top_images"] == ["g5", "g3", "g1", "g2", "g4"]


def test_same_inputs_same_bytes(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    run(tmp_path / "a", PEOPLE)
    run(tmp_path / "b", PEOPLE)
    for name in ("scores", "ranks"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_features_of_several_files_are_scored_as_those_of_one(tmp_path):
    people = PEOPLE | {"m1": ("multi", 1, 0, 38), "m2": ("multi", 1, 0, 58)}
    run(tmp_path, people, rerank=True, k1=2, k2=1)
    images, features = read_features(tmp_path / "features.parquet")
    shards = [tmp_path / f"{shard}-of-3.parquet" for shard in range(3)]
    for path, rows in zip(shards, np.array_split(range(len(images)), 3), strict=True):
        write_features(path, [images[row] for row in rows], features[rows])
    paths = {name: tmp_path / f"{name} of three" for name in ("scores", "ranks")}
    names = {"dataset": "tiny", "experiment": "baseline", "seed": 3, "rerank": True, "k1": 2, "k2": 1}
    evaluate(features=shards, index=tmp_path / "index.parquet", **paths, **names)
    for name, path in paths.items():
        assert path.read_bytes() == (tmp_path / name).read_bytes()


def test_a_query_without_a_match_is_counted_and_left_out(tmp_path):
    scores, ranks = run(tmp_path, PEOPLE | {"q3": ("query", 9, 0, 50)})
    assert scores["counts"]["queries_without_match"] == 1
    assert "queries without a match, left out of all means: 1" in scores["protocol"]["note"]
    assert scores["single_query"]["cmc"][-1] == 1
    last = ranks.to_pylist()[-1]
    assert (last["good"], last["first"], np.isnan(last["AP"])) == (0, 0, True)


def test_ties_are_counted(tmp_path):
    scores, _ = run(tmp_path, PEOPLE | {"g7": ("gallery", 3, 1, 20)})
    assert scores["counts"]["ties"] == 1
    assert "a right and a wrong image at equal distance, the wrong one first: 1" in scores["protocol"]["note"]


def test_without_cameras_only_the_own_file_is_removed(tmp_path):
    people = {name: (split, pid, -1, angle) for name, (split, pid, _, angle) in PEOPLE.items()}
    files = {"sha256": [f"file of {'q1' if name == 'g4' else name}" for name in people]}
    scores, ranks = run(tmp_path, people, extra=files)
    assert scores["protocol"]["same_camera_removed"] is False
    assert "cameras unknown: same-camera removal is off" in scores["protocol"]["note"]
    assert scores["camera_pairs"] == []
    assert ranks.to_pylist()[0]["top_images"] == ["g2", "g1", "g3", "g5"]


def test_the_own_picture_is_removed_under_any_camera(tmp_path):
    people = {
        "q": ("query", 1, 0, 0),
        "own": ("gallery", 1, 1, 0),
        "right": ("gallery", 1, 2, 40),
        "wrong": ("gallery", 2, 1, 20),
    }
    files = {"pixels": ["same", "same", "b", "c"]}
    scores, ranks = run(tmp_path, people, extra=files)
    assert ranks.to_pylist()[0]["top_images"] == ["wrong", "right"] and scores["single_query"]["rank1"] == 0
    assert "queries whose own picture lies in the gallery too, and is removed: 1" in scores["protocol"]["note"]
    scores, _ = run(tmp_path, people)
    assert scores["single_query"]["rank1"] == 1 and "own picture" not in scores["protocol"]["note"]


def test_some_unknown_cameras_are_told(tmp_path):
    scores, _ = run(tmp_path, PEOPLE | {"q2": ("query", 2, -1, 100)})
    assert "queries of unknown camera, for which only their own picture is removed: 1" in scores["protocol"]["note"]


def test_multi_query_pools_the_images_of_person_and_camera(tmp_path):
    more = {"m1": ("multi", 1, 0, 38), "m2": ("multi", 1, 0, 58), "m3": ("multi", 1, 2, 0)}
    scores, _ = run(tmp_path, PEOPLE | more)
    # q1 moves from 0 to 48 degrees and sees g3 g5 g1 g2: ranks 1 and 3; q2 stays at rank 4
    assert "queries without a multi-query image, which stay single: 1" in scores["protocol"]["note"]
    assert scores["multi_query"].keys() == scores["single_query"].keys()
    assert scores["multi_query"]["mAP"] == pytest.approx(((1 + 2 / 3) / 2 + 1 / 4) / 2)
    assert scores["single_query"]["mAP"] == pytest.approx((7 / 12 + 1 / 4) / 2)


def test_multi_query_needs_features(tmp_path):
    people = PEOPLE | {"m1": ("multi", 1, 0, 40), "m2": ("multi", 2, 0, 60)}
    scores, _ = run(tmp_path, people, without=["m1", "m2"])
    assert scores["multi_query"] is None
    assert "no multi-query" in scores["protocol"]["note"]
    with pytest.raises(UserError, match="1 of 2 images have no feature, such as m2"):
        run(tmp_path, people, without=["m2"])


def test_openreid_makes_queries_of_all_test_images(tmp_path):
    scores, ranks = run(tmp_path, PEOPLE, protocol="openreid")
    assert ranks["image"].to_pylist() == ["q1", "q2", "g1", "g2", "g3", "g4"]
    assert scores["counts"] == {"queries": 6, "queries_without_match": 0, "gallery": 7, "junk": 1, "ties": 0}
    assert ranks["good"].to_pylist() == [2, 1, 3, 1, 3, 2]
    assert ranks.to_pylist()[0]["top_images"] == ["g2", "g1", "g3", "g5", "q2"]
    assert "not comparable with market" in scores["protocol"]["note"]


def test_single_gallery_shot_has_no_map(tmp_path):
    scores, ranks = run(tmp_path, PEOPLE, protocol="single_gallery_shot")
    single = scores["single_query"]
    assert single["mAP"] is single["mAP_trapezoid"] is single["mINP"] is None
    assert len(single["cmc"]) == 50 and single["rank5"] == 1
    assert single["rank1"] == 0  # q1 always sees g2 first, q2 sees g5
    assert "one gallery image per identity, hence no mAP" in scores["protocol"]["note"]
    assert scores["camera_pairs"] == []
    assert ranks["good"].to_pylist() == [2, 1]


def test_validation_ranks_images_of_the_split_val_alone(tmp_path):
    people = PEOPLE | {
        "v1": ("val", 8, 0, 0),
        "v2": ("val", 8, 0, 40),  # of v1's camera: no further query, and not counted for v1
        "v3": ("val", 8, 1, 10),
        "v4": ("val", 9, 1, 5),
        "v5": ("val", 9, 2, 80),
    }
    scores, ranks = run(tmp_path, people, protocol="validation", rerank=True, nfc=True)
    assert ranks["image"].to_pylist() == ["v1", "v3", "v4", "v5"]
    assert ranks["top_images"].to_pylist()[0] == ["v4", "v3", "v5"]
    assert scores["counts"] == {"queries": 4, "queries_without_match": 0, "gallery": 5, "junk": 0, "ties": 0}
    assert scores["single_query"]["mAP"] == pytest.approx((1 / 2 + (1 / 2 + 2 / 3) / 2 + 1 / 4 + 1 / 3) / 4)
    assert scores["reranked"] and scores["centralised"] and scores["multi_query"] is None
    assert "for choosing settings, no test" in scores["protocol"]["note"]
    with pytest.raises(UserError, match="there is no val image to rank"):
        run(tmp_path, PEOPLE, protocol="validation")


def test_unknown_protocol(tmp_path):
    with pytest.raises(UserError, match="unknown protocol 'markt'") as error:
        run(tmp_path, PEOPLE, protocol="markt")
    assert "market, single_gallery_shot, openreid, validation" in str(error.value)


@pytest.mark.parametrize("split", ["query", "gallery"])
def test_an_empty_side(tmp_path, split):
    people = {name: row for name, row in PEOPLE.items() if row[0] != split}
    with pytest.raises(UserError, match=f"there is no {split} image to rank"):
        run(tmp_path, people)


def test_a_gallery_of_junk_only(tmp_path):
    people = {name: row for name, row in PEOPLE.items() if row[0] == "query"} | {"g6": PEOPLE["g6"]}
    with pytest.raises(UserError, match="there is no gallery image to rank"):
        run(tmp_path, people)


def test_no_match_because_of_other_identities(tmp_path):
    with pytest.raises(UserError, match="no query has a match in the gallery: the two share no identity"):
        run(tmp_path, {"q": ("query", 1, 0, 0), "g": ("gallery", 2, 1, 0)})


def test_no_match_because_of_equal_cameras(tmp_path):
    with pytest.raises(UserError, match="from the query's own camera, and these are removed") as error:
        run(tmp_path, {"q": ("query", 1, 0, 0), "g": ("gallery", 1, 0, 0)})
    assert "leave them out of the index (camid -1)" in str(error.value)


def test_no_match_because_of_equal_files(tmp_path):
    people = {"q": ("query", 1, -1, 0), "g": ("gallery", 1, -1, 0)}
    with pytest.raises(UserError, match="is the query's own picture"):
        run(tmp_path, people, extra={"sha256": "same"})


def test_a_missing_feature(tmp_path):
    with pytest.raises(UserError, match="1 of 7 images have no feature, such as g3"):
        run(tmp_path, PEOPLE, without=["g3"])
    assert not (tmp_path / "scores").exists() and not (tmp_path / "ranks").exists()


def test_reranked_scores_stand_apart_from_the_plain_ones(tmp_path):
    plain, ranks = run(tmp_path, PEOPLE, without=["g6", "t1"])
    both, again = run(tmp_path, PEOPLE, without=["g6", "t1"], rerank=True, k1=2, k2=1)
    assert plain["reranked"] is None
    assert both["single_query"] == plain["single_query"] and ranks.equals(again)
    reranked = both["reranked"]
    assert {"k1": 2, "k2": 1, "distance_weight": 0.3}.items() <= reranked.items()
    assert plain["single_query"].keys() <= reranked.keys() and 0 < reranked["mAP"] <= 1


def test_weight_one_reranks_nothing(tmp_path):
    scores, _ = run(tmp_path, PEOPLE, without=["g6", "t1"], rerank=True, distance_weight=1.0)
    assert {name: scores["reranked"][name] for name in scores["single_query"]} == scores["single_query"]


def test_other_protocols_are_not_reranked(tmp_path):
    assert run(tmp_path, PEOPLE, without=["g6", "t1"], rerank=True, protocol="openreid")[0]["reranked"] is None


def test_scores_of_views_stand_apart_from_the_plain_ones(tmp_path):
    people = {name: PEOPLE[name] for name in ("q1", "q2", "g1", "g2", "g5")}
    plain, _ = run(tmp_path, people)
    moved = {"q1": 0, "q2": 100, "g1": 1, "g2": 99, "g5": 50}  # nobody is confused
    angles = np.radians(list(moved.values()))
    views = tmp_path / "views.parquet"
    write_features(views, list(moved), np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))
    both, _ = run(tmp_path, people, views=views)
    assert both["views"]["mAP"] == 1 > plain["single_query"]["mAP"] and plain["views"] is None
    assert both | {"views": None} == plain
    assert run(tmp_path, people, views=views, protocol="single_gallery_shot")[0]["views"] is None


def test_centralised_scores_stand_apart_from_the_plain_ones(tmp_path):
    people = {
        "q": ("query", 1, 0, 0),
        "g1": ("gallery", 1, 1, 39),
        "g2": ("gallery", 2, 1, -35),
        "g3": ("gallery", 1, 2, 20),
        "g4": ("gallery", 0, 1, -36.5),
        "g5": ("gallery", 0, 1, -37.2),
    }
    plain, ranks = run(tmp_path, people)
    both, again = run(tmp_path, people, nfc=True)
    assert plain["centralised"] is None
    assert both["single_query"] == plain["single_query"] and ranks.equals(again)
    assert plain["single_query"]["mAP"] == pytest.approx((1 + 2 / 5) / 2)
    # neighbours of each other are q and g3, g3 and g1: q moves to 10 degrees, g1 to 29.5; g2, g4 and g5 stay together
    assert both["centralised"].keys() == plain["single_query"].keys()
    assert both["centralised"]["mAP"] == 1
    assert run(tmp_path, people, nfc=True, protocol="openreid")[0]["centralised"] is None


def test_verified_scores_stand_apart_from_the_plain_ones(tmp_path):
    verifier = Verifier(features=2)
    with torch.no_grad():  # the nearer along x, the more certainly the same: y is not looked at
        verifier.classifier.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    save_networks(tmp_path / "networks", {"verifier": verifier}, system="fdgan", stage="verify")
    people = {
        "q": ("query", 1, 0, 90),
        "g1": ("gallery", 2, 1, 60),
        "g2": ("gallery", 1, 1, 120.5),
        "g3": ("gallery", 1, 2, 271),  # opposite, and as near along x as can be
    }
    plain, ranks = run(tmp_path, people)
    assert plain["verified"] is None and plain["single_query"]["mAP"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    few, again = run(tmp_path, people, verifier=tmp_path / "networks", candidates=2)
    assert few["single_query"] == plain["single_query"] and ranks.equals(again)
    assert few["verified"] == plain["single_query"] | {"candidates": 2}  # the two are in the right order along x too
    all_three, _ = run(tmp_path, people, verifier=tmp_path / "networks")
    assert all_three["verified"]["mAP"] == pytest.approx((1 + 2 / 3) / 2)
    apart, _ = run(tmp_path, people, verifier=tmp_path / "networks", protocol="openreid")
    assert apart["verified"]["candidates"] == 100 and apart["verified"]["mAP"] != apart["single_query"]["mAP"]
    assert run(tmp_path, people, verifier=tmp_path / "networks", protocol="single_gallery_shot")[0]["verified"] is None


def test_a_file_without_a_verifier_is_refused(tmp_path):
    save_networks(tmp_path / "networks", {"encoder": Encoder(**SMALL)}, system="fdgan", stage="verify")
    with pytest.raises(UserError, match="the file holds no verifier"):
        run(tmp_path, PEOPLE, without=["g6", "t1"], verifier=tmp_path / "networks")
