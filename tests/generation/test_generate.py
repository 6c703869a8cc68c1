"""Generation in shards, and the index of real and generated training images."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from purereid.data.heatmap_file import Heatmaps
from purereid.data.images import load_images, read_image
from purereid.data.index import read_index
from purereid.data.keypoints import Keypoints, read_keypoints, write_keypoints
from purereid.data.shards import decode, read_shard
from purereid.errors import UserError
from purereid.generation.generate import generate
from purereid.generation.index_generated import index_generated
from purereid.generation.injection import KINDS, plan_injection
from purereid.generation.spoil import SPOILED, spoil
from purereid.networks.network_file import load_network
from purereid.systems.dcgan.networks import Generator as Unconditional
from purereid.systems.posegan.networks import Generator as PoseGuided
from saved import save_generator


@pytest.fixture
def settings(root) -> dict:
    """The section ``generate``, with few images."""
    section = yaml.safe_load((root / "config.yaml").read_text())["generate"]
    train = section["train"] | {"images_per_identity": 3, "injected": {"share": 0.0, "kinds": KINDS}}
    return section | {"batch": 4, "train": train, "precision": "fp32"}


@pytest.fixture
def injecting(settings):
    """The settings with images that are bad on purpose."""

    def change(share: float, kinds=KINDS, **changed: object) -> dict:
        return settings | changed | {"train": settings["train"] | {"injected": {"share": share, "kinds": kinds}}}

    return change


@pytest.fixture
def guided(tmp_path):
    torch.manual_seed(0)
    network = PoseGuided(height=32, width=16, channels=4, blocks=1)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # its statistics become those of the one batch that follows
    network(torch.rand(16, 3, 32, 16) * 2 - 1, torch.rand(16, 6, 32, 16))
    network.decoder[-2].weight.data *= 10  # images that differ clearly
    save_generator(tmp_path / "guided.safetensors", "posegan", network)
    return tmp_path / "guided.safetensors"


@pytest.fixture
def make(people, guided, settings, tmp_path):
    """Write one shard of the pose-guided generator and read it."""

    def run(shard: int = 0, shards: int = 1, purpose: str = "train", **changed: object) -> pd.DataFrame:
        path = tmp_path / f"{purpose}/{shard}-of-{shards}.parquet"
        arguments = {
            "index": people.index,
            "generator": guided,
            "images": path,
            "name": "pg",
            "conditions": ["source", "parts"],
        }
        inputs = {"keypoints": people.keypoints, "pairs": people.test_pairs, "parts": people.parts}
        numbers = {"purpose": purpose, "shard": shard, "shards": shards}
        chosen = changed.pop("settings", settings)
        chosen = chosen | {purpose: chosen[purpose] | {"shards": shards}}
        generate(**(arguments | inputs | numbers | {"settings": chosen} | changed))
        return read_shard(path)

    return run


@pytest.fixture
def drawn_alone(people, guided):
    """What the pose-guided generator draws of one source and pose, uint8 [3, H, W]."""
    network = load_network(guided, "generator")
    paths, parts = people.table.set_index("image")["path"], Heatmaps(people.parts)

    def run(source: str, pose: str) -> torch.Tensor:
        conditions = {"source": load_images([paths[source]], 32, 16), "parts": torch.from_numpy(parts[pose])[None]}
        with torch.inference_mode():
            return network.draw(conditions)[0]

    return run


def test_images_of_all_identities_with_their_origin(people, make):
    made = make()
    train = people.table[(people.table["split"] == "train") & (people.table["pid"] > 0)]
    pids = train.set_index("image")["pid"]
    assert made["pid"].value_counts().to_dict() == dict.fromkeys(pids.unique(), 3)
    assert (made["source"].map(pids) == made["pid"]).all() and set(made["pose"]) <= set(train["image"])
    assert made["image"].tolist() == [f"generated/pg/train/{number:07d}.png" for number in range(len(made))]
    assert decode(made["bytes"]).shape == (len(made), 3, 32, 16)


def test_shards_make_the_images_of_one_job(make, tmp_path):
    whole = make()
    parts = pd.concat([make(shard, 4) for shard in range(4)], ignore_index=True)
    pd.testing.assert_frame_equal(parts.drop(columns="bytes"), whole.drop(columns="bytes"))
    difference = (decode(parts["bytes"]).int() - decode(whole["bytes"]).int()).abs()
    assert difference.max() <= 1  # batches of other sizes may add in another order
    assert make(1, 4)["bytes"].equals(make(1, 4)["bytes"])


def test_images_are_those_of_the_network(drawn_alone, make, settings):
    made = make(settings=settings | {"batch": 100})
    row = made.iloc[5]
    alone = drawn_alone(row["source"], row["pose"])
    assert alone.float().std() > 10
    assert (alone.int() - decode([row["bytes"]])[0].int()).abs().max() <= 1


def test_test_images_follow_the_pairs(people, make):
    pairs = pd.read_parquet(people.test_pairs)
    made = make(purpose="test")
    assert made["source"].tolist() == pairs["source"].tolist() and made["pose"].tolist() == pairs["target"].tolist()
    pids = people.table.set_index("image")["pid"]
    assert made["pid"].tolist() == pids[made["source"]].tolist()


def test_jpeg_and_heat_maps_of_another_size(people, make, settings, tmp_path):
    from purereid.data.make_heatmaps import make_heatmaps

    large = {"joints": tmp_path / "joints.arrow", "parts": tmp_path / "parts.arrow"}
    make_heatmaps(keypoints=people.keypoints, **large, height=64, width=32)
    fine, coarse = make(parts=large["parts"]), make()
    assert (decode(fine["bytes"]).float() - decode(coarse["bytes"]).float()).abs().mean() < 3
    assert make(purpose="test", settings=settings | {"format": "jpeg"})["image"].str.endswith(".png").all()
    made = make(settings=settings | {"format": "jpeg"})
    assert made["image"].str.endswith(".jpg").all() and made["bytes"].iloc[0][:2] == b"\xff\xd8"


def test_unconditional_people_are_nobody(people, settings, injecting, tmp_path):
    network = Unconditional(height=32, width=16, channels=4)
    save_generator(tmp_path / "noise.safetensors", "dcgan", network)
    path = tmp_path / "noise.parquet"
    arguments = {"index": people.index, "generator": tmp_path / "noise.safetensors", "images": path, "name": "n"}
    numbers = {"conditions": [], "purpose": "train", "shard": 0, "shards": 1, "settings": settings}
    generate(**arguments, **numbers)
    made = read_shard(path)
    assert len(made) == 18 and (made["pid"] == -1).all() and made["bytes"].is_unique
    generate(**arguments, **(numbers | {"settings": injecting(0.5, ["blur", "noise"])}))
    changed = read_shard(path)
    spoiled = changed["injected"] != ""
    assert changed["injected"].value_counts().to_dict() == {"": 9, "blur": 5, "noise": 4}
    assert ((changed["bytes"] != made["bytes"]) == spoiled).all()
    for kind, lacking in (("wrong_identity", "source"), ("off_pose", "pose")):
        with pytest.raises(UserError, match=f"the generator takes no {lacking}"):
            generate(**arguments, **(numbers | {"settings": injecting(0.5, [kind, "blur"])}))


# --- images that are bad on purpose -----------------------------------------------------------------------------------


def test_the_plan_says_which_images_are_bad_and_the_others_stay(make, injecting):
    plain, made = make(settings=injecting(0.0)), make(settings=injecting(0.6))
    assert (plain["injected"] == "").all()
    assert made["injected"].value_counts().to_dict() == dict(zip(["", *KINDS], [7, 2, 2, 2, 2, 1, 1, 1], strict=True))
    others = ["bytes", "injected"]
    pd.testing.assert_frame_equal(made.drop(columns=others), plain.drop(columns=others))
    good = made["injected"] == ""
    assert (made["bytes"] == plain["bytes"])[good].all()
    for kind in SPOILED:
        for row in np.flatnonzero(made["injected"] == kind):
            before, after = (decode([images["bytes"][row]])[0].numpy() for images in (plain, made))
            expected = spoil(before, kind, np.random.default_rng(made["seed"][row]))
            np.testing.assert_array_equal(after, expected)


def test_bad_images_do_not_depend_on_the_shard(make, injecting):
    settings = injecting(0.6, batch=1)  # batches of other sizes may add in another order
    whole = make(settings=settings)
    parts = pd.concat([make(shard, 4, settings=settings) for shard in range(4)], ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole)


def test_a_wrong_identity_is_what_the_source_of_another_gives(people, drawn_alone, make, injecting):
    settings = injecting(1.0, ["wrong_identity"], batch=1)
    made = make(settings=settings)
    pids = people.table.set_index("image")["pid"]
    shown = plan_injection(made, 1.0, ["wrong_identity"], settings["train"]["seed"])["shown_source"]
    assert (made["source"].map(pids) == made["pid"]).all() and (shown.map(pids) != made["pid"]).all()
    for source, other, pose, image in zip(made["source"], shown, made["pose"], decode(made["bytes"]), strict=True):
        assert (drawn_alone(other, pose).int() - image.int()).abs().max() <= 1
        assert (drawn_alone(source, pose).int() - image.int()).abs().max() > 1


def test_off_pose_is_what_another_pose_gives(drawn_alone, make, injecting):
    settings = injecting(1.0, ["off_pose"], batch=1)
    made, asked = make(settings=settings), make()
    pd.testing.assert_series_equal(made["pose"], asked["pose"])
    shown = plan_injection(made, 1.0, ["off_pose"], settings["train"]["seed"])["shown_pose"]
    for source, pose, other, image in zip(made["source"], made["pose"], shown, decode(made["bytes"]), strict=True):
        assert (drawn_alone(source, other).int() - image.int()).abs().max() <= 1
        assert (drawn_alone(source, pose).int() - image.int()).abs().max() > 1


def test_scored_images_are_never_bad(make, injecting):
    plain, made = (make(purpose="test", settings=injecting(share)) for share in (0.0, 1.0))
    assert (made["injected"] == "").all()
    pd.testing.assert_frame_equal(plain, made)


# --- the index --------------------------------------------------------------------------------------------------------


def test_index_holds_real_and_generated_training_images(people, make, settings, tmp_path):
    make(0, 2), make(1, 2)
    shards = [tmp_path / f"train/{shard}-of-2.parquet" for shard in range(2)]
    index_generated(
        index=people.index,
        shards=shards,
        generated=tmp_path / "both.parquet",
        name="people",
        settings=settings["train"],
    )
    both = read_index(tmp_path / "both.parquet")
    real, made = both[both["kind"] != "generated"], both[both["kind"] == "generated"]
    assert real["image"].tolist() == people.table["image"].tolist() and (made["split"] == "train").all()
    assert len(made) == 18 and (made["camid"] == -1).all() and made["sha256"].is_unique
    first = made.iloc[0]
    assert np.array_equal(read_image(first["path"]), decode(read_shard(shards[0])["bytes"][:1])[0].permute(1, 2, 0))


def test_index_of_few_real_identities(people, make, settings, tmp_path):
    few = settings["train"] | {"setup": "few", "real_identities": 2}
    made = make(settings=settings | {"train": few})
    shards = [tmp_path / "train/0-of-1.parquet"]
    index_generated(index=people.index, shards=shards, generated=tmp_path / "few.parquet", name="p", settings=few)
    both = read_index(tmp_path / "few.parquet")
    real = both[(both["kind"] != "generated") & (both["split"] == "train")]
    counts = real["pid"].value_counts()
    assert sorted(counts)[:4] == [1] * 4 and min(sorted(counts)[4:]) > 1
    assert set(made["pid"]) == set(counts[counts == 1].index) and set(made["source"]) <= set(real["image"])


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_pose_list_reaches_the_plan(people, make, settings, tmp_path):
    train = people.table[people.table["split"] == "train"]["image"]
    (tmp_path / "poses.txt").write_text(train.iloc[0])
    assert set(make(pose_list=tmp_path / "poses.txt")["pose"]) == {train.iloc[0]}


def test_no_pose_with_shoulders_and_hips(people, make, tmp_path):
    poses = read_keypoints(people.keypoints)
    visible = np.zeros_like(poses.visible)
    write_keypoints(tmp_path / "none.parquet", Keypoints(poses.images, poses.joints, visible, poses.sizes))
    with pytest.raises(UserError, match="no image has a pose to ask for"):
        make(keypoints=tmp_path / "none.parquet")


def test_poses_without_heat_maps(make, tmp_path):
    from purereid.data.heatmap_file import write_heatmaps

    write_heatmaps(tmp_path / "parts.arrow", list("abcdef"), (32, 16), [(["other.jpg"], torch.rand(1, 6, 32, 16))])
    with pytest.raises(UserError, match="has no heat maps"):
        make(parts=tmp_path / "parts.arrow")


def test_truncated_shard(people, make, settings, tmp_path):
    make()
    path = tmp_path / "train/0-of-1.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    arguments = {"index": people.index, "name": "p", "settings": settings["train"]}
    with pytest.raises(UserError, match="the file is damaged"):
        index_generated(shards=[path], generated=tmp_path / "both.parquet", **arguments)
    assert not (tmp_path / "both.parquet").exists()


@pytest.mark.parametrize(("shard", "shards"), [(2, 2), (0, 3)])
def test_a_shard_that_the_config_does_not_know(people, guided, settings, tmp_path, shard, shards):
    arguments = {"index": people.index, "generator": guided, "images": tmp_path / "x.parquet", "name": "pg"}
    chosen = settings | {"train": settings["train"] | {"shards": 2}}
    with pytest.raises(UserError, match="there is no shard"):
        generate(
            **arguments, conditions=["source", "parts"], purpose="train", shard=shard, shards=shards, settings=chosen
        )


def test_missing_source_image(people, make, tmp_path):
    table = read_index(people.index)
    table.loc[table["split"] == "train", "path"] = str(tmp_path / "gone.jpg")
    from purereid.data.index import write_index

    write_index(table, tmp_path / "index.parquet")
    with pytest.raises(UserError, match="image file not found"):
        make(index=tmp_path / "index.parquet")
