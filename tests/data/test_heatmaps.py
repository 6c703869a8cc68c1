"""Heat maps and masks against the published loops, golden values, and files of them."""

import json
import pickle

import numpy as np
import pyarrow as pa
import pytest
import torch
from dataset_writers import shared_data

from purereid.data.heatmap_file import Heatmaps, quantise, write_heatmaps
from purereid.data.heatmaps import joint_maps, part_maps
from purereid.data.joints import JOINTS
from purereid.data.keypoint_formats import annotation_csv
from purereid.data.keypoints import Keypoints, write_keypoints
from purereid.data.make_heatmaps import make_heatmaps
from purereid.data.part_points import PARTS, part_points
from purereid.data.pose_masks import LIMBS, pose_masks
from purereid.errors import UserError

WALKS = [[0, 16, 14, 15, 17, 0], [2, 1, 5, 11, 8, 2], [2, 3, 4], [5, 6, 7], [8, 9, 10], [11, 12, 13]]
SIGMAS = [5, 4, 3, 3, 4, 4]


@pytest.fixture
def poses() -> tuple[np.ndarray, np.ndarray]:
    """30 poses of whole pixels, among them: no joint, one joint, all joints at one place, two such places."""
    rng = np.random.default_rng(0)
    joints = rng.integers(0, (128, 64), (30, 18, 2)).astype(np.float64)
    visible = rng.random((30, 18)) < 0.7
    visible[0] = False
    visible[1] = np.arange(18) == 3
    joints[2], visible[2] = (40, 20), True
    joints[3, ::2], joints[3, 1::2] = (40, 20), (40, 20.5)
    joints[4] = np.round(joints[4] / 10)  # everything near a corner: short lines
    return np.where(visible[..., None], joints, -1), visible


def slow_points(walk: list[int], joints: np.ndarray, visible: np.ndarray) -> list[tuple[float, float] | None]:
    """The two cursors of the published tool; None for a missing joint."""
    points, a, b = [], 0, 1
    while b < len(walk) and a < b:
        if not visible[walk[a]]:
            a += 1
            if a >= b:
                b += 1
        elif not visible[walk[b]]:
            b += 1
        else:
            start, way = joints[walk[a]], joints[walk[b]] - joints[walk[a]]
            length = np.linalg.norm(way)
            if length > 0:
                points += [tuple(np.round(start + d * way / length)) for d in range(0, int(np.floor(length)), 2)]
            a, b = a + 1, b + 1
    return points or [tuple(joints[joint]) if visible[joint] else None for joint in walk]


def slow_part_map(channel: int, joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    points = slow_points(WALKS[channel], joints, visible)
    y, x = np.mgrid[:128, :64]
    total = np.zeros((128, 64))
    for k, point in enumerate(points):
        t = k / len(points) if channel >= 2 else 0
        if point is not None:
            distance = (y - point[0]) ** 2 + (x - point[1]) ** 2
            total += np.exp(-distance / (3 * (2 - t) * SIGMAS[channel] ** 2))
    return (total / len(points)).clip(0, 1)


def slow_mask(joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Pixel by pixel, from distances; only far from ties equal to what scikit-image draws."""
    y, x = np.mgrid[:128, :64]
    mask = np.zeros((128, 64), bool)
    for a, b in LIMBS:
        way = joints[b] - joints[a]
        length = np.linalg.norm(way)
        if visible[a] and visible[b] and length:
            along = ((y - joints[a, 0]) * way[0] + (x - joints[a, 1]) * way[1]) / length
            across = ((y - joints[a, 0]) * way[1] - (x - joints[a, 1]) * way[0]) / length
            mask |= (along >= 0) & (along <= length) & (np.abs(across) <= 4)
    for place in joints[visible]:
        mask |= (y - place[0]) ** 2 + (x - place[1]) ** 2 < 16
    return slow_window(slow_window(mask, np.any), np.all)


def slow_window(mask: np.ndarray, join) -> np.ndarray:
    """any or all of the pixels of the image in the 5 x 5 square round each."""
    rows, columns = mask.shape
    return np.array(
        [[join(mask[max(r - 2, 0) : r + 3, max(c - 2, 0) : c + 3]) for c in range(columns)] for r in range(rows)]
    )


# --- maps ------------------------------------------------------------------------------------------------------------


def test_joint_maps_agree_with_the_formula(poses):
    joints, visible = poses
    maps = joint_maps(joints, visible, sigma=5).numpy()
    y, x = np.mgrid[:128, :64]
    distance = (y - joints[..., 0, None, None]) ** 2 + (x - joints[..., 1, None, None]) ** 2
    expected = np.exp(-distance / 50) * visible[..., None, None]
    assert maps.shape == (30, 18, 128, 64) and maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    assert (maps[~visible] == 0).all()


def test_part_maps_agree_with_the_published_loop(poses):
    maps = part_maps(*poses).numpy()
    assert maps.shape == (30, 6, 128, 64)
    for row, (joints, visible) in enumerate(zip(*poses, strict=True)):
        for channel in range(6):
            np.testing.assert_allclose(maps[row, channel], slow_part_map(channel, joints, visible), atol=1e-6)
    assert (maps[0] == 0).all() and (maps <= 1).all()


@pytest.mark.parametrize("rows", [slice(0, 1), slice(1, 2), slice(2, 3), slice(4, 5), slice(0, 0)])
def test_a_pose_has_the_same_maps_alone(poses, rows):
    joints, visible = poses
    np.testing.assert_allclose(part_maps(joints[rows], visible[rows]), part_maps(*poses)[rows], atol=1e-7)


@pytest.mark.slow
def test_points_of_all_published_rows_agree_with_the_published_loop():
    for side in ("train", "test"):
        _, joints, visible = annotation_csv.read(shared_data(f"keypoints/market-annotation-{side}.csv"))
        for walk, part in zip(WALKS, PARTS.values(), strict=True):
            assert list(part.walk) == walk
            points = part_points(part, joints, visible)
            for row in range(0, len(joints), 7):
                expected = slow_points(walk, joints[row], visible[row])
                number = points.number[row]
                assert number == len(expected)
                assert points.counted[row].sum() == sum(point is not None for point in expected)
                there = np.flatnonzero(points.counted[row])
                assert [tuple(place) for place in points.places[row, there]] == [p for p in expected if p is not None]


def test_golden_values():
    golden = json.loads(shared_data("golden/heatmaps.json").read_text())
    arrays = np.load(shared_data("golden/part_heatmaps.npz"))
    parts = [annotation_csv.read(shared_data(f"keypoints/market-annotation-{side}.csv")) for side in ("train", "test")]
    names = [name for part in parts for name in part.names]
    rows = [names.index(name) for name in arrays["names"]]
    joints = np.concatenate([part.joints for part in parts])[rows]
    visible = np.concatenate([part.visible for part in parts])[rows]
    maps = part_maps(joints, visible).numpy()
    np.testing.assert_allclose(maps, arrays["part"].transpose(0, 3, 1, 2), atol=1e-5)
    np.testing.assert_array_equal(pose_masks(joints, visible), arrays["mask"])
    sums = joint_maps(joints, visible).double().sum(dim=(2, 3)).numpy()
    for row, name in enumerate(arrays["names"]):
        np.testing.assert_allclose(maps[row].max(axis=(1, 2)), golden[name]["part_max"], atol=1e-5)
        np.testing.assert_allclose(sums[row], golden[name]["joint_map_sum"], atol=1e-3)
        assert pose_masks(joints[[row]], visible[[row]]).sum() == golden[name]["mask_pixels"]


def test_maps_of_another_size_show_the_same_gaussians(poses):
    joints, visible = poses
    for compute in (joint_maps, part_maps):
        small, large = (compute(joints, visible, size=size) for size in ((64, 32), (384, 192)))
        assert small.shape[2:] == (64, 32)
        # of three times the size, every third pixel from the second on has the centre of a pixel of 128 x 64
        np.testing.assert_allclose(large[:, :, 1::3, 1::3], compute(joints, visible), atol=1e-6)


def test_one_thread_and_two_give_the_same_maps(poses):
    before = torch.get_num_threads()
    found = []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(part_maps(*poses))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


# --- masks -----------------------------------------------------------------------------------------------------------


def test_masks_agree_with_distances():
    rng = np.random.default_rng(1)
    # places off the grid, so that no pixel lies on a border; joints beyond the image are cut off
    joints = rng.uniform((-6, -6), (134, 70), (5, 18, 2))
    visible = rng.random((5, 18)) < 0.5
    for mask, places, seen in zip(pose_masks(joints, visible), joints, visible, strict=True):
        np.testing.assert_array_equal(mask, slow_mask(places, seen))


def test_masks_of_no_joint_and_of_one_place(poses):
    masks = pose_masks(*poses)
    assert not masks[0].any()
    y, x = np.mgrid[:128, :64]
    disc = slow_window(slow_window((y - 40) ** 2 + (x - 20) ** 2 < 16, np.any), np.all)
    np.testing.assert_array_equal(masks[2], disc)


def test_masks_of_another_size(poses):
    masks = pose_masks(*poses)
    np.testing.assert_array_equal(pose_masks(*poses, size=(256, 128))[:, ::2, ::2], masks)
    np.testing.assert_array_equal(pose_masks(*poses, size=(256, 128))[:, 1::2, 1::2], masks)


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def keypoints(tmp_path, poses):
    """40 poses, more than a batch of joint maps holds, in images of 256 x 128."""
    joints, visible = (np.concatenate([part, part[:10]]) for part in poses)
    sizes = np.full((40, 2), (256, 128), np.int32)
    joints = np.where(visible[..., None], joints * 2 + 0.5, -1).astype(np.float32)
    path = tmp_path / "keypoints.parquet"
    write_keypoints(path, Keypoints([f"train/{row}.jpg" for row in range(40)], joints, visible, sizes))
    return path


@pytest.mark.parametrize("size", [(128, 64), (64, 32)])
def test_stored_maps_are_the_computed_ones(tmp_path, keypoints, poses, size):
    files = {name: tmp_path / f"{name}.arrow" for name in ("joints", "parts")}
    make_heatmaps(keypoints=keypoints, **files, height=size[0], width=size[1], sigma=7)
    expected = {"joints": joint_maps(*poses, size=size, sigma=7), "parts": part_maps(*poses, size=size)}
    for name, channels in (("joints", list(JOINTS)), ("parts", list(PARTS))):
        found = Heatmaps(files[name])
        assert (len(found), found.size, found.channels) == (40, size, channels)
        maps = np.stack([found[row] for row in range(40)])
        assert maps.dtype == np.float32
        wanted = expected[name].numpy()[[*range(30), *range(10)]]
        bound = wanted.max(axis=(2, 3), keepdims=True) / 510 + 1e-6
        assert (np.abs(maps - wanted) <= bound).all()
        np.testing.assert_array_equal(found["train/35.jpg"], maps[35])
        np.testing.assert_array_equal(found[-1], maps[39])


def test_same_key_points_give_the_same_bytes(tmp_path, keypoints):
    for folder in ("one", "two"):
        make_heatmaps(keypoints=keypoints, joints=tmp_path / folder / "j.arrow", parts=tmp_path / folder / "p.arrow")
    for name in ("j.arrow", "p.arrow"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(each.name for each in (tmp_path / "one").iterdir()) == ["j.arrow", "p.arrow"]


def test_the_number_of_threads_is_left_as_it_was(tmp_path, keypoints):
    before = torch.get_num_threads()
    make_heatmaps(keypoints=keypoints, joints=tmp_path / "j.arrow", parts=tmp_path / "p.arrow")
    assert torch.get_num_threads() == before


def test_a_reader_travels_to_other_processes(tmp_path, keypoints):
    make_heatmaps(keypoints=keypoints, joints=tmp_path / "j.arrow", parts=tmp_path / "p.arrow")
    reader = Heatmaps(tmp_path / "p.arrow")
    packed = pickle.dumps(reader)
    assert len(packed) < 1000
    np.testing.assert_array_equal(pickle.loads(packed)[17], reader[17])


def test_levels_of_bright_dim_and_empty_maps():
    maps = torch.tensor([1.0, 0.2, 0.0])[None, :, None, None] * torch.linspace(0, 1, 12).reshape(1, 1, 3, 4)
    levels, step = quantise(maps.clone())
    assert levels.dtype == torch.uint8 and levels.amax(dim=(2, 3)).tolist() == [[255, 255, 0]]
    np.testing.assert_allclose(levels * step[:, :, None, None], maps, atol=1 / 510 + 1e-7)
    assert step.tolist()[0][2] == 0


def test_unknown_images(tmp_path, keypoints):
    make_heatmaps(keypoints=keypoints, joints=tmp_path / "j.arrow", parts=tmp_path / "p.arrow")
    reader = Heatmaps(tmp_path / "j.arrow")
    with pytest.raises(UserError, match=r"train/x\.jpg has no heat maps"):
        reader["train/x.jpg"]
    with pytest.raises(IndexError):
        reader[40]


def test_bad_files(tmp_path):
    path = tmp_path / "maps.arrow"
    with pytest.raises(UserError, match="the heat maps do not exist"):
        Heatmaps(path)
    path.write_text("no maps")
    with pytest.raises(UserError, match="the heat maps cannot be read"):
        Heatmaps(path)
    write_heatmaps(path, ["a"], (8, 4), [(["x", "y"], torch.ones(2, 1, 8, 4))])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="the heat maps cannot be read"):
        Heatmaps(path)
    for about in (None, {"channels": '["a"]', "height": "8", "width": "4"}):
        schema = pa.schema([("image", pa.string())], metadata=about)
        with pa.ipc.new_file(str(path), schema) as writer:
            writer.write_batch(pa.record_batch([pa.array(["x"])], schema=schema))
        with pytest.raises(UserError, match="the heat maps have the columns image"):
            Heatmaps(path)


def test_a_failure_leaves_no_file(tmp_path):
    def batches():
        yield ["x"], torch.ones(1, 1, 8, 4)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_heatmaps(tmp_path / "maps.arrow", ["a"], (8, 4), batches())
    assert not list(tmp_path.iterdir())
