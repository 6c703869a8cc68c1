"""Scores of generated images: each against a slow reference, and what stands beside it."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file
from skimage.metrics import structural_similarity

from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images
from purereid.data.keypoints import read_keypoints, select_keypoints, write_keypoints
from purereid.data.shard_writer import encode, write_shard
from purereid.data.transforms import MEAN, STD
from purereid.digests.values import file_digest
from purereid.errors import UserError
from purereid.networks.network_file import load_network
from purereid.people.true_pictures import TruePictures
from purereid.quality.frechet import frechet_distance, gaussian
from purereid.quality.pose_neighbours import nearest_poses
from purereid.reid.extract import views_of
from purereid.scoring.score_images import score_images
from purereid.scoring.yardsticks import PoseNeighbours, other_images, other_persons
from purereid.vision import torchvision

SIZE = 32, 16


@pytest.fixture
def settings(root) -> dict:
    return yaml.safe_load((root / "config.yaml").read_text())["score_images"] | {"precision": "fp32", "truth": 4}


def load(people, images) -> torch.Tensor:
    return load_images(people.table.set_index("image").loc[list(images), "path"].tolist(), *SIZE)


@pytest.fixture
def shard(people, tmp_path):
    """Write a shard of given images."""

    def write(name: str, source, pose, pids, images: torch.Tensor):
        table = pd.DataFrame({"image": [f"{name}{n}" for n in range(len(images))], "source": source, "pose": pose})
        table = table.assign(pid=pids, seed=range(len(images)), injected="", height=SIZE[0], width=SIZE[1])
        write_shard(tmp_path / f"{name}.parquet", table, encode(images, "png", 0))
        return [tmp_path / f"{name}.parquet"]

    return write


@pytest.fixture
def made(people, shard):
    """Shards of noisy targets for the test pairs, and of noisy sources in other poses for training."""
    generator = torch.Generator().manual_seed(0)
    pairs = pd.read_parquet(people.test_pairs)
    noisy = load(people, pairs["target"]).int() + torch.randint(-40, 41, (len(pairs), 3, *SIZE), generator=generator)
    test = shard("test", pairs["source"].tolist(), pairs["target"].tolist(), -1, noisy.clamp(0, 255).to(torch.uint8))
    train = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]
    sources, poses = train["image"].tolist(), train["image"].tolist()[::-1]
    images = load(people, sources).flip(3)
    return {"test": test, "train": shard("train", sources, poses, train["pid"].tolist(), images)}


@pytest.fixture
def score(people, made, settings, tmp_path):
    """Score; the rows by score, of and against."""

    def run(**changed: object) -> dict[tuple, dict]:
        files = {"index": people.index, "encoder": people.encoder, "keypoints": people.keypoints}
        names = {"dataset": "people", "generator": "pg", "system": "posegan", "splits": ["train"]}
        more = {"scene": people.scene, "settings": settings, "scores": tmp_path / "scores.json"}
        score_images(**(files | made | names | more | changed))
        content = json.loads((tmp_path / "scores.json").read_text())
        assert {content[key] for key in ("dataset", "generator", "system")} == {"people", "pg", "posegan"}
        return {(row["score"], row["of"], row["against"]): row for row in content["scores"]}

    return run


def test_pairs_are_scored_with_their_targets(people, score):
    rows = score()
    pairs = pd.read_parquet(people.test_pairs)
    sources, targets = (load(people, pairs[side]).permute(0, 2, 3, 1).numpy() for side in ("source", "target"))
    gaussian_window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": 2}
    for score_name, fixed in (("ssim_patn", None), ("ssim_255", 255)):
        expected = np.mean(
            [
                structural_similarity(a, b, data_range=fixed or int(a.max()) - int(a.min()), **gaussian_window)
                for a, b in zip(sources, targets, strict=True)
            ]
        )
        assert rows[score_name, "copy_source", "targets"]["value"] == pytest.approx(expected, abs=1e-6)
    expected = np.abs(sources.astype(float) - targets).mean() / 127.5
    assert rows["l1", "copy_source", "targets"]["value"] == pytest.approx(expected)
    generator, copied = (rows["ssim_255", of, "targets"]["value"] for of in ("generator", "copy_source"))
    assert generator > copied and rows["mask_ssim", "generator", "targets"]["images"] == len(pairs)


def test_feature_scores_are_those_of_the_encoder(people, score):
    rows = score()
    pairs = pd.read_parquet(people.test_pairs)
    model = load_network(people.encoder, "encoder")
    images = [load(people, pairs[side]) for side in ("source", "target")]
    with torch.inference_mode():
        source, target = (model.combine(views_of(model, each, True)).numpy() for each in images)
    other = rows["consistency", "same_person", "source"]
    assert other["value"] == pytest.approx((source * target).sum(axis=1).mean(), abs=1e-5)
    assert rows["consistency", "copy_source", "source"]["value"] == pytest.approx(1, abs=1e-5)
    expected = frechet_distance(gaussian(source), gaussian(target))
    assert rows["frechet_reid", "copy_source", "targets"]["value"] == pytest.approx(expected, rel=1e-3)


def test_a_network_that_saw_no_image_of_the_data_set_judges_too(people, score, settings, tmp_path):
    torch.manual_seed(2)
    network = torchvision.models.resnet18(weights=None).eval()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    checksum = file_digest(tmp_path / "w.safetensors")
    given = {"backbone": "resnet18", "weights": str(tmp_path / "w.safetensors"), "weights_sha256": checksum}
    rows = score(settings=settings | {"independent": {**given, "height": 64, "width": 32}})
    network.fc = torch.nn.Identity()

    def features(names) -> np.ndarray:
        large = torch.nn.functional.interpolate(load(people, names).float(), (64, 32), mode="bilinear", antialias=True)
        images = (large.round() / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        with torch.inference_mode():
            both = sum(torch.nn.functional.normalize(network(view)) for view in (images, images.flip(3)))
        return torch.nn.functional.normalize(both).numpy()

    pairs = pd.read_parquet(people.test_pairs)
    source, target = features(pairs["source"]), features(pairs["target"])
    row = rows["consistency_independent", "same_person", "source"]
    assert row["value"] == pytest.approx((source * target).sum(axis=1).mean(), abs=1e-5)
    assert row["weights"] == checksum and "resnet18, of images stretched to 64 x 32" in row["definition"]
    expected = frechet_distance(gaussian(source), gaussian(target))
    assert rows["frechet_independent", "copy_source", "targets"]["value"] == pytest.approx(expected, rel=1e-2)
    assert {key[1:] for key in rows if key[0] == "frechet_independent"} == {
        key[1:] for key in rows if key[0] == "frechet_reid"
    }


def test_images_that_show_nobody_or_somebody_else_are_the_floor(people, score):
    rows = score()
    pairs = pd.read_parquet(people.test_pairs)
    sources, targets = (load(people, pairs[side]) for side in ("source", "target"))
    model = load_network(people.encoder, "encoder")
    with torch.inference_mode():
        embedded = model.combine(views_of(model, torch.cat([sources, torch.full_like(sources[:1], 128)]), True)).numpy()
    expected = (embedded[:-1] @ embedded[-1]).mean()
    assert rows["consistency", "grey", "source"]["value"] == pytest.approx(expected, abs=1e-5)
    expected = (targets.double() - 128).abs().mean().item() / 127.5
    assert rows["l1", "grey", "targets"]["value"] == pytest.approx(expected)
    other = rows["consistency", "other_person", "source"]
    pids = people.table.set_index("image").loc[pairs["source"], "pid"].to_numpy()
    with torch.inference_mode():
        strangers = model.combine(views_of(model, targets, True)).numpy()[other_persons(pids)]
    assert other["images"] == len(pairs)
    assert other["value"] == pytest.approx((strangers * embedded[:-1]).sum(axis=1).mean(), abs=1e-5)
    assert {"ssim_255", "l1", "mask_ssim"} <= {name for name, of, _ in rows if of == "other_person"}
    assert {("consistency", of, "train_source") for of in ("grey", "other_person")} <= set(rows)


def test_a_set_of_grey_images_is_scored_as_one_feature_without_variance(people, score):
    rows = score()
    train = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]["image"]
    model = load_network(people.encoder, "encoder")
    images = torch.cat([load(people, train), torch.full((1, 3, *SIZE), 128, dtype=torch.uint8)])
    with torch.inference_mode():
        *real, nothing = model.combine(views_of(model, images, True)).double().numpy()
    expected = np.square(np.mean(real, axis=0) - nothing).sum() + np.var(real, axis=0, ddof=1).sum()
    assert rows["frechet_reid", "grey", "train"]["value"] == pytest.approx(expected, rel=1e-3)
    assert rows["frechet_reid", "copy_source", "train"]["value"] < rows["frechet_reid", "grey", "train"]["value"]


def test_the_ceiling_is_another_image_of_the_same_person(people, score):
    train = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)].reset_index(drop=True)
    chosen = other_images(train["image"], train, 3)
    several = train.groupby("pid")["image"].transform("size") > 1
    assert ((chosen >= 0) == several).all() and (chosen != np.arange(len(train)))[several].all()
    assert (train["pid"].to_numpy()[chosen] == train["pid"])[several].all()
    alone = train.drop_duplicates("pid").reset_index(drop=True)
    assert (other_images(alone["image"], alone, 3) == -1).all()
    row = score()["consistency", "same_person", "train_source"]
    assert row["images"] == several.sum() and row["value"] < 1


@pytest.mark.parametrize("pids", [[1, 2], [5, 3, 3, 5, 1], [1, 2, 3, 4], [7, 7, 7, 2, 2, 1]])
def test_each_image_gets_one_of_another_person_and_each_is_used_once(pids):
    pids = np.array(pids)
    others = other_persons(pids)
    assert sorted(others) == list(range(len(pids))) and (pids[others] != pids).all()


@pytest.mark.parametrize("pids", [[1], [1, 1, 2], [4, 4]])
def test_who_has_most_of_the_images_has_no_others_beside(pids):
    assert other_persons(np.array(pids)) is None


@pytest.mark.parametrize(("splits", "number"), [(["train"], 0), (["train", "gallery"], 10)])
def test_targets_that_are_training_images_are_told(score, splits, number):
    for (_, of, against), row in score(splits=splits).items():
        told = f"{number} of 10 targets are training images" in row["note"]
        assert told == (number > 0 and (of, against) == ("generator", "targets"))


def test_truth_is_the_rendered_picture(people, score, settings):
    rows = score()
    train = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]["image"].tolist()
    chosen = np.sort(np.random.default_rng([settings["seed"] + 1, 4]).permutation(len(train))[:4])
    sources, poses = [train[n] for n in chosen], [train[::-1][n] for n in chosen]
    truth = TruePictures(people.scene, SIZE).of(sources, poses).double()
    expected = (load(people, sources).double() - truth).abs().mean().item() / 127.5
    assert rows["l1", "copy_source", "truth"]["value"] == pytest.approx(expected)
    assert rows["l1", "copy_source", "truth"]["images"] == 4
    assert {of for name, of, against in rows if against == "truth"} == {
        *("generator", "copy_source", "pose_neighbours"),
        *("pose_image", "other_person", "grey"),
    }
    expected = (load(people, poses).double() - truth).abs().mean().item() / 127.5
    assert rows["l1", "pose_image", "truth"]["value"] == pytest.approx(expected)


def test_who_shows_the_true_picture_is_nearest_to_it_and_who_shows_a_look_alike_is_not(people, score, settings, made):
    train = pd.read_parquet(made["train"][0])
    asked, pictures = (train["source"].tolist(), train["pose"].tolist()), TruePictures(people.scene, SIZE)
    truth, alike = pictures.of(*asked), pictures.of_look_alikes(*asked, 3)
    for images, share in ((truth, 1.0), (alike[:, 2], 0.0)):
        dimmed = (images.float() * 0.9).to(torch.uint8)
        write_shard(made["train"][0], train, encode(dimmed, "png", 0))
        row = score(settings=settings | {"truth": 100, "look_alikes": 3})["nearest_truth", "generator", "truth"]
        assert row["value"] == share and row["images"] == len(train) and "chance is 0.25" in row["definition"]


def test_every_score_says_what_it_is(people, score):
    rows = score()
    for (name, _, _), row in rows.items():
        assert row["definition"] and row["images"] > 0 and (row["height"], row["width"]) == SIZE
        needs_encoder = name in ("consistency", "frechet_reid")
        assert row["weights"] == (file_digest(people.encoder) if needs_encoder else None)
        assert np.isfinite(row["value"])
    without_weights = {"fid", "inception_score", "consistency_independent", "frechet_independent", "pckh"}
    assert not without_weights & {name for name, _, _ in rows}
    assert "small-scale: 10 against 10 images" in rows["frechet_reid", "generator", "targets"]["note"]
    assert ("dssim", "real", "none") in rows and ("dssim", "generator", "none") in rows


def test_people_without_identity_are_scored_as_a_set(people, score, shard):
    images = torch.randint(256, (12, 3, *SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    rows = score(train=shard("noise", "", "", -1, images), test=[], scene=None, keypoints=None)
    assert set(rows) == {("frechet_reid", "generator", "train"), ("frechet_reid", "grey", "train")}


def test_the_encoder_that_a_generator_learnt_from_is_told(score):
    rows = score(own_encoder=True)
    assert "learnt to please this very encoder" in rows["consistency", "generator", "source"]["note"]
    assert "learnt to please" not in rows["consistency", "same_person", "source"]["note"]
    assert "learnt to please" not in rows["ssim_patn", "generator", "targets"]["note"]


def test_scores_of_who_saw_the_targets_are_another_task(score):
    rows, word = score(sees_targets=True), "saw the target itself"
    other = {key for key, row in rows.items() if word in row["definition"]}
    assert {(name, "generator", "targets") for name in ("ssim_patn", "l1", "frechet_reid")} <= other
    assert {(of, against) for _, of, against in other} == {("generator", "targets")}
    assert not any(word in row["definition"] for row in score().values())


def test_at_most_so_many_images_are_scored(score, settings):
    rows = score(settings=settings | {"images": 7, "look_alikes": 0})
    assert "nearest_truth" not in {name for name, _, _ in rows}
    assert rows["frechet_reid", "generator", "train"]["images"] == 7
    assert rows["consistency", "generator", "train_source"]["images"] == 7


def test_without_scene_there_is_no_truth(score):
    assert "truth" not in {against for _, _, against in score(scene=None)}


def test_pairs_whose_target_has_no_key_points_are_told(people, score, tmp_path):
    target, few = pd.read_parquet(people.test_pairs)["target"][0], tmp_path / "few.parquet"
    others = [image for image in read_keypoints(people.keypoints).images if image != target]
    write_keypoints(few, read_keypoints(people.keypoints, others))
    with pytest.raises(UserError, match=f"images have no key points, such as {re.escape(target)}"):
        score(keypoints=few)


def test_nearest_poses_against_a_slow_reference():
    rng = np.random.default_rng(0)
    poses, visible = rng.uniform(0, 60, (40, 18, 2)), rng.random((40, 18)) < 0.7

    def distance(a: int, b: int) -> float:
        terms = []
        for joint in range(18):
            if visible[a, joint] and visible[b, joint]:
                terms.append(min(32.0, float(np.linalg.norm(poses[a, joint] - poses[b, joint]))))
            elif visible[a, joint] or visible[b, joint]:
                terms.append(32.0)
        return sum(terms) / len(terms)

    found = nearest_poses(poses, visible, poses, visible, 3)
    for row in range(40):
        expected = sorted(range(40), key=lambda other, row=row: distance(row, other))[:3]
        assert found[row].tolist() == expected and found[row, 0] == row


def test_pose_neighbours_draw_the_mean_of_the_nearest_images(people):
    poses = read_keypoints(people.keypoints)
    rows = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]
    table = people.table
    wanted = [rows["image"].iloc[0], table.loc[table["split"] == "query", "image"].iloc[0], rows["image"].iloc[0]]
    drawn = PoseNeighbours(rows, load(people, rows["image"]), poses, 3)(select_keypoints(poses, wanted, "poses"))
    assert drawn.dtype == torch.uint8 and len(drawn) == 3 and (drawn[0] == drawn[2]).all()
    known = select_keypoints(poses, rows["image"].tolist(), "poses")
    for image, mean in zip(wanted, drawn, strict=True):
        one = select_keypoints(poses, [image], "poses")
        parts = one.scaled(*FRAME), one.visible, known.scaled(*FRAME), known.visible
        near = nearest_poses(*parts, len(rows))[0]
        images = [other for other in rows["image"].iloc[near] if other != image][:3]
        expected = load(people, images).double().mean(0)
        assert (mean - expected).abs().max() <= 0.5


@pytest.mark.parametrize("number", [0, 1])
def test_the_nearest_pose_needs_another_image_with_key_points(people, number: int):
    rows = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]
    poses = read_keypoints(people.keypoints, rows["image"].tolist()[:number])
    with pytest.raises(UserError, match=f"^{number} of {len(rows)} training images have key points"):
        PoseNeighbours(rows, load(people, rows["image"]), poses, 3)


def test_generated_images_whose_pose_has_no_key_points_are_told(people, made, score, settings, tmp_path):
    pose, few = pd.read_parquet(made["train"][0])["pose"][0], tmp_path / "few.parquet"
    others = [image for image in read_keypoints(people.keypoints).images if image != pose]
    write_keypoints(few, read_keypoints(people.keypoints, others))
    with pytest.raises(UserError, match=rf"images have no key points, such as {re.escape(pose)}[\s\S]*few\.parquet"):
        score(keypoints=few, settings=settings | {"truth": 1000})
