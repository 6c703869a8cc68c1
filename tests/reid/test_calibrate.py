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
from purereid.reid.open_set import open_set
from purereid.reid.pair_thresholds import Pairs, logistic, thresholds
from purereid.reid.pair_thresholds import pairs_of as find_pairs

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
    settings = {"experiment": "e$x", "seed": 1, "images": 1000, "bootstrap": 30, "draw": 0, "flip": True, "network": {}}
    settings |= changed
    calibrate(**files, **outputs, **settings)
    return json.loads((folder / "c.json").read_text())


def pairs_of(table: pd.DataFrame, features: np.ndarray, cameras: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of pairs of one person and of two, pair by pair."""
    known = [n for n in range(len(table)) if 0 <= table["pid"][n] < 1000]
    same, different = [], []
    for place, a in enumerate(known):
        for b in known[place + 1 :]:
            if table["camid"][a] == table["camid"][b] >= 0:
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
        assert each["threshold"] == pytest.approx(least, abs=1e-6) and each["threshold"] > least - 1e-6
        assert each["true_accepts"] == pytest.approx((same > least).mean(), abs=1e-9)
        assert each["false_accepts_found"] == pytest.approx(allowed / len(different))
        for name in ("threshold", "true_accepts"):
            low, high = each[f"{name}_interval"]
            assert low <= each[name] <= high
    assert [each["few_pairs"] for each in found["thresholds"]] == [False, True, True]


def test_one_image_of_unknown_camera_leaves_the_other_cameras_known(tmp_path: Path):
    table, features = data(tmp_path)
    before = run(tmp_path)
    table.loc[1, "camid"] = -1
    write_index(table, tmp_path / "index.parquet")
    found = run(tmp_path)
    assert (
        found["pairs_of_two_persons"] == before["pairs_of_two_persons"] + 29 and found["images_of_unknown_camera"] == 1
    )
    same, different = pairs_of(table, features)
    assert (found["pairs_of_one_person"], found["pairs_of_two_persons"]) == (len(same), len(different))


def test_persons_of_the_training_are_left_out(tmp_path: Path):
    table, _ = data(tmp_path)
    more = table.head(6).assign(split="train", image=[f"t{n}" for n in range(6)], sha256=[f"t{n}" for n in range(6)])
    write_index(pd.concat([table, more]), tmp_path / "index.parquet")
    assert run(tmp_path)["persons"] == PERSONS - 2  # persons 0 and 1
    everyone = table.assign(
        split="val", image=[f"v{n}" for n in range(len(table))], sha256=[f"v{n}" for n in range(len(table))]
    )
    write_index(pd.concat([table, everyone[everyone["pid"] >= 0]]), tmp_path / "index.parquet")
    with pytest.raises(UserError, match="no query shows a person whom the training did not see"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("same", "different"), [((0.6, 0.1), (0.2, 0.1)), ((0.95, 0.01), (0.93, 0.01)), ((0.998, 0.001), (0.996, 0.001))]
)
def test_the_probability_is_that_of_a_logistic_regression(same, different):
    draws = np.random.default_rng(0)
    one, two = draws.normal(*same, 300), draws.normal(*different, 900)
    mean, spread = np.concatenate([one, two]).mean(), np.concatenate([one, two]).std()

    def cost(weights: np.ndarray) -> float:
        of_one, of_two = (weights[0] * (each - mean) / spread + weights[1] for each in (one, two))
        return np.logaddexp(0, -of_one).mean() + np.logaddexp(0, of_two).mean()

    expected = minimize(cost, np.zeros(2), tol=1e-12).x
    slope, offset = logistic(one, two)
    assert slope == pytest.approx(expected[0] / spread, rel=0.01)
    assert offset == pytest.approx(expected[1] - expected[0] * mean / spread, rel=0.01)


def test_pairs_that_do_not_overlap_have_a_finite_slope():
    slope, offset = logistic(np.full(5, 0.9), np.full(5, 0.1))
    assert np.isfinite([slope, offset]).all() and slope * 0.9 + offset > 3 > -3 > slope * 0.1 + offset


def drawn_pairs(persons: int) -> Pairs:
    draws = np.random.default_rng(0)
    means = draws.normal(size=(persons, 6))
    features = np.repeat(means, 4, axis=0) + 0.9 * draws.normal(size=(4 * persons, 6))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return find_pairs(features.astype(np.float32), np.repeat(np.arange(persons), 4), np.full(4 * persons, -1))


def test_intervals_are_over_persons():
    """They are those of a loop that takes persons again and again, and wider than if pairs were drawn one by one."""
    pairs = drawn_pairs(12)
    found = thresholds(pairs, [0.05], draws=300, seed=3)[0]["true_accepts_interval"]
    rng, by_person, by_pair = np.random.default_rng([3, 1]), [], []
    for _ in range(300):
        chosen = rng.integers(0, 12, 12).tolist()
        same = [c for c, p in zip(pairs.same, pairs.same_persons, strict=True) for _ in range(chosen.count(p))]
        both = zip(pairs.different, pairs.different_persons.tolist(), strict=True)
        different = [c for c, (a, b) in both for _ in range(chosen.count(a) * chosen.count(b))]
        by_person.append(accepted(np.array(same), np.array(different), 0.05))
    for _ in range(300):
        same, different = (rng.choice(each, len(each)) for each in (pairs.same, pairs.different))
        by_pair.append(accepted(same, different, 0.05))
    assert found == pytest.approx(np.percentile(by_person, [2.5, 97.5]), abs=0.02)
    low, high = np.percentile(by_pair, [2.5, 97.5])
    assert found[1] - found[0] > 1.3 * (high - low)


def accepted(same: np.ndarray, different: np.ndarray, rate: float) -> float:
    return float((same > np.sort(different)[::-1][int(rate * len(different) + 1e-9)]).mean())


def test_draws_of_one_person_alone_say_nothing():
    pairs = drawn_pairs(3)
    low, high = thresholds(pairs, [0.05], draws=200, seed=0)[0]["threshold_interval"]
    assert low > -1 and high < 1
    assert thresholds(pairs, [0.05], draws=0, seed=0)[0]["threshold_interval"] is None


def test_a_few_look_alikes_are_few_however_many_pairs_they_have():
    same, other = np.linspace(0.9, 0.5, 50), np.linspace(0.95, 0.0, 4000)
    persons = np.where(np.arange(4000)[:, None] < 40, [[0, 1]], np.random.default_rng(0).integers(2, 90, (4000, 2)))
    pairs = Pairs(same, np.arange(50) % 9, other, persons)
    assert thresholds(pairs, [0.01], draws=0, seed=0)[0]["few_pairs"]
    assert not thresholds(pairs, [0.1], draws=0, seed=0)[0]["few_pairs"]


def test_open_set_scores_are_those_of_a_loop():
    draws = np.random.default_rng(0)
    query_pids, query_camids = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    gallery_pids, gallery_camids = draws.integers(0, 20, 90), draws.integers(-1, 3, 90)
    gallery_camids[gallery_pids == 3] = 0  # whom query 7, of camera 1, finds, and query 6 does not
    cosines = draws.random((80, 90))
    found = open_set(cosines, query_pids, gallery_pids, query_camids, gallery_camids, [0.1, 0.01])
    known, unknown = [], []
    for q in range(80):
        allowed = [
            (cosines[q, g], gallery_pids[g])
            for g in range(90)
            if not (gallery_pids[g] == query_pids[q] and gallery_camids[g] == query_camids[q])
        ]
        if query_pids[q] not in gallery_pids:
            unknown.append(max(allowed)[0])
        elif any(pid == query_pids[q] for _, pid in allowed):
            known.append((max(allowed)[0], max(allowed)[1] == query_pids[q]))
    assert len(known) < np.isin(query_pids, gallery_pids).sum()
    for each in found:
        assert (each["known_queries"], each["unknown_queries"]) == (len(known), len(unknown))
        assert sum(score >= each["threshold"] for score in unknown) == int(each["false_alarms"] * len(unknown))
        right = [is_right and score >= each["threshold"] for score, is_right in known]
        assert each["detected_and_right"] == pytest.approx(np.mean(right))
    assert [each["few_queries"] for each in found] == [False, True]
    assert open_set(cosines, np.full(80, gallery_pids[0]), gallery_pids, query_camids, gallery_camids, [0.1]) == []


def test_half_of_the_persons_are_unknown(tmp_path: Path):
    data(tmp_path)
    assert {(each["known_queries"], each["unknown_queries"]) for each in run(tmp_path)["open_set"]} == {(15, 15)}


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
