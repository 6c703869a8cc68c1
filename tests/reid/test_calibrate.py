"""Same or different: thresholds, intervals and open-set scores, against loops."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from purereid.data.features import write_features
from purereid.data.index import write_index
from purereid.errors import UserError
from purereid.reid.calibrate import calibrate

PERSONS, CAMERAS, SIZE = 30, 3, 6


def data(
    folder: Path, spread: float = 0.7, cameras: bool = True, persons: int = PERSONS
) -> tuple[pd.DataFrame, np.ndarray]:
    """One query in camera 0 and two gallery images in the others of each person; distractors; junk."""
    draws = np.random.default_rng(0)
    rows, features = [], []
    for pid in range(persons):
        mean = draws.normal(size=SIZE)
        for camera in range(CAMERAS):
            rows.append((f"{pid}_{camera}.jpg", "query" if camera == 0 else "gallery", pid, camera if cameras else -1))
            features.append(mean + spread * draws.normal(size=SIZE))
    for number in range(5):
        rows.append((f"d{number}.jpg", "gallery", 1000 + number // 3, number % 3 if cameras else -1))
        rows.append((f"j{number}.jpg", "gallery", -1, number % 3 if cameras else -1))
        features += [draws.normal(size=SIZE)] * 2
    table = pd.DataFrame(rows, columns=["image", "split", "pid", "camid"])
    about = {"seq": -1, "frame": -1, "kind": "detected", "width": 64, "height": 128, "dataset": "tiny"}
    table = table.assign(path=table["image"], sha256=[f"{n:064x}" for n in range(len(table))], **about)
    features = np.array(features, np.float32)
    write_index(table, folder / "index.parquet")
    write_features(folder / "features.parquet", table["image"].tolist(), features)
    return table, features / np.linalg.norm(features, axis=1, keepdims=True)


def run(folder: Path, **changed: object) -> dict:
    files = {"index": folder / "index.parquet", "features": [folder / "features.parquet"]}
    outputs = {"calibration": folder / "c.json", "plot": folder / "c.png"}
    settings = {"experiment": "e$x", "seed": 1, "images": 1000, "bootstrap": 30, "draw": 0} | changed
    calibrate(**files, **outputs, **settings)
    return json.loads((folder / "c.json").read_text())


def pairs_of(table: pd.DataFrame, features: np.ndarray, cameras: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of pairs of one person and of two, pair by pair."""
    known = [n for n in range(len(table)) if 0 <= table["pid"][n] < 1000]
    same, different = [], []
    for place, a in enumerate(known):
        for b in known[place + 1 :]:
            if cameras and table["camid"][a] == table["camid"][b]:
                continue
            (same if table["pid"][a] == table["pid"][b] else different).append(float(features[a] @ features[b]))
    return np.array(same), np.array(different)


@pytest.mark.parametrize("cameras", [True, False])
def test_thresholds_are_those_of_a_loop(tmp_path: Path, cameras: bool):
    table, features = data(tmp_path, cameras=cameras)
    found = run(tmp_path)
    same, different = pairs_of(table, features, cameras)
    assert (found["images"], found["persons"]) == (90, 30)
    assert (found["pairs_of_one_person"], found["pairs_of_two_persons"]) == (len(same), len(different))
    for each in found["thresholds"]:
        allowed = int(each["false_accepts"] * len(different))
        least = np.sort(different)[::-1][allowed]  # the first that must not be accepted
        assert least - 1e-6 <= each["threshold"] <= least + 1e-3  # edges are half a thousandth apart
        assert each["true_accepts"] == pytest.approx((same >= each["threshold"]).mean(), abs=0.02)
        assert each["false_accepts_found"] <= each["false_accepts"]
        for name in ("threshold", "true_accepts"):
            low, high = each[f"{name}_interval"]
            assert low <= high and low - 0.05 <= each[name] <= high + 0.05
    assert [each["few_pairs"] for each in found["thresholds"]] == [False, True, True]


def test_the_probability_is_that_of_a_logistic_regression(tmp_path: Path):
    table, features = data(tmp_path)
    same, different = pairs_of(table, features)

    def cost(weights: np.ndarray) -> float:
        one, two = (weights[0] * each + weights[1] for each in (same, different))
        return np.logaddexp(0, -one).mean() + np.logaddexp(0, two).mean()

    expected = minimize(cost, np.zeros(2)).x
    found = run(tmp_path)["logistic"]
    assert [found["slope"], found["offset"]] == pytest.approx(expected, rel=0.02)


def test_intervals_are_over_persons(tmp_path: Path):
    """They are wider than if pairs were drawn one by one, and narrower with more persons."""
    widths = {}
    for persons in (10, 60):
        folder = tmp_path / str(persons)
        folder.mkdir()
        data(folder, persons=persons)
        low, high = run(folder, bootstrap=200)["thresholds"][0]["true_accepts_interval"]
        widths[persons] = high - low
    assert widths[60] < 0.7 * widths[10]
    assert run(tmp_path / "60", bootstrap=0)["thresholds"][0]["true_accepts_interval"][0] > 0


def test_open_set_scores_are_those_of_a_loop(tmp_path: Path):
    table, features = data(tmp_path)
    found = run(tmp_path)["open_set"]
    in_index = sorted(range(PERSONS), key=lambda pid: f"{pid}_0.jpg")
    order = np.random.default_rng([0, 2]).permutation(in_index)
    enrolled = set(order[: PERSONS // 2].tolist())
    best = {}
    for query in table.index[table["split"] == "query"]:
        others = [
            (float(features[query] @ features[n]), table["pid"][n])
            for n in table.index[(table["split"] == "gallery") & table["pid"].isin(enrolled)]
            if table["camid"][n] != table["camid"][query]
        ]
        best[table["pid"][query]] = max(others)
    unknown = sorted((best[pid][0] for pid in best if pid not in enrolled), reverse=True)
    for each in found:
        assert (each["known_queries"], each["unknown_queries"]) == (15, 15)
        alarms = sum(score >= each["threshold"] + 1e-6 for score in unknown)
        assert alarms == int(each["false_alarms"] * 15)
        right = [best[pid][1] == pid and best[pid][0] >= each["threshold"] for pid in enrolled]
        assert each["detected_and_right"] == pytest.approx(np.mean(right))
    assert [each["false_alarms"] for each in found] == [0.1, 0.01]


def test_a_better_encoder_accepts_more(tmp_path: Path):
    accepts = []
    for spread in (0.2, 1.5):
        folder = tmp_path / str(spread)
        folder.mkdir()
        data(folder, spread)
        accepts.append(run(folder)["thresholds"][0]["true_accepts"])
    assert accepts[0] > 0.9 > 0.5 > accepts[1]


def test_some_persons_stand_for_many(tmp_path: Path):
    data(tmp_path)
    found = run(tmp_path, images=30)
    assert (found["images"], found["persons"]) == (30, 10)


def test_equal_inputs_give_equal_bytes(tmp_path: Path):
    data(tmp_path)
    run(tmp_path)
    first = [(tmp_path / name).read_bytes() for name in ("c.json", "c.png")]
    run(tmp_path)
    assert first == [(tmp_path / name).read_bytes() for name in ("c.json", "c.png")]


def test_without_pairs_there_is_nothing_to_say(tmp_path: Path):
    table, _ = data(tmp_path)
    write_index(table.assign(camid=0), tmp_path / "index.parquet")
    with pytest.raises(UserError, match="there is no pair of test images of one person"):
        run(tmp_path)
