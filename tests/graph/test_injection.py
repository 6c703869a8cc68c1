"""Known-bad images, and how many of them a purifier drops."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.graph.injection import SPOILED, inject, recall_of_injected

KINDS = ["wrong_identity", *SPOILED]


@pytest.fixture
def images():
    """Every image has colours of its own, and no two pixels near each other are alike."""
    return np.random.default_rng(0).integers(0, 256, (60, 3, 32, 16), np.uint8)


@pytest.fixture
def pids():
    return np.arange(60) % 7


def test_a_share_is_spoiled_and_the_others_stay(images, pids):
    before = images.copy()
    changed, kinds = inject(images, pids, 0.4, np.random.default_rng(1))
    np.testing.assert_array_equal(images, before)
    different = (changed != images).reshape(60, -1).any(axis=1)
    np.testing.assert_array_equal(different, kinds != "")
    assert different.sum() == 24
    assert {kind: (kinds == kind).sum() for kind in KINDS} == dict(zip(KINDS, [5, 5, 5, 5, 4], strict=True))


def test_same_seed_same_images(images, pids):
    first, again, other = (inject(images, pids, 0.5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[1] != other[1]).any()


def test_wrong_identity_is_an_image_of_another(images, pids):
    changed, kinds = inject(images, pids, 1, np.random.default_rng(1), ["wrong_identity"])
    assert (kinds == "wrong_identity").all()
    for row in range(60):
        origin = np.flatnonzero((images == changed[row]).reshape(60, -1).all(axis=1))
        assert len(origin) == 1 and pids[origin[0]] != pids[row]


def test_noise_covers_half(images, pids):
    plain = np.full_like(images, 7)
    changed, _ = inject(plain, pids, 1, np.random.default_rng(1), ["noise"])
    touched = (changed != 7).any(axis=1).reshape(60, 8, 4, 4, 4).any(axis=(2, 4))
    assert (touched.sum(axis=(1, 2)) == 16).all()
    assert len(np.unique(touched, axis=0)) > 50


def test_blur_leaves_colours_alone():
    image = np.zeros((2, 3, 96, 48), np.uint8)
    image[:, :, :48] = 200
    image[:, 0, 40:56, ::2] = 255
    changed, _ = inject(image, np.array([1, 2]), 1, np.random.default_rng(1), ["blur"])
    assert np.abs(np.diff(changed.astype(int), axis=3)).max() <= 5  # no stripes are left
    assert (changed[:, 1, 0] > 198).all() and (changed[:, 1, -1] < 2).all()
    np.testing.assert_allclose(changed.mean(axis=(2, 3)), image.mean(axis=(2, 3)), atol=2)


def test_grey_box_hides_all_but_the_edge(images, pids):
    changed, _ = inject(images, pids, 1, np.random.default_rng(1), ["grey_box"])
    assert (changed[:, :, 4:28, 2:14] == 128).all()
    edge = np.ones((32, 16), bool)
    edge[4:28, 2:14] = False
    np.testing.assert_array_equal(changed[:, :, edge], images[:, :, edge])


def test_off_pose_is_upside_down_and_aside(images, pids):
    changed, _ = inject(images, pids, 1, np.random.default_rng(1), ["off_pose"])
    turned = images[:, :, ::-1]
    right = np.concatenate([np.repeat(turned[..., :1], 5, axis=3), turned[..., :-5]], axis=3)
    left = np.concatenate([turned[..., 5:], np.repeat(turned[..., -1:], 5, axis=3)], axis=3)
    to_right = (changed == right).reshape(60, -1).all(axis=1)
    to_left = (changed == left).reshape(60, -1).all(axis=1)
    assert (to_right ^ to_left).all() and to_right.any() and to_left.any()


def test_nothing_and_images_in_another_memory_order(images, pids):
    changed, kinds = inject(images, pids, 0, np.random.default_rng(1))
    np.testing.assert_array_equal(changed, images)
    assert (kinds == "").all() and kinds.dtype.kind == "U"
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for spoiled in (inject(last, pids, 1, np.random.default_rng(1)), inject(images, pids, 1, np.random.default_rng(1))):
        np.testing.assert_array_equal(spoiled[0], inject(images, pids, 1, np.random.default_rng(1))[0])


def test_recall_by_kind():
    kinds = np.array(["", "noise", "blur", "noise", "", "", "blur", "noise", "", "noise"])
    kept = np.array([1, 0, 1, 0, 1, 0, 0, 1, 1, 0], bool)
    table = recall_of_injected(kinds, kept)
    assert table["kind"].tolist() == ["blur", "noise", "all injected", "others"]
    assert table["images"].tolist() == [2, 4, 6, 4]
    assert table["dropped"].tolist() == [1, 3, 4, 1]
    np.testing.assert_allclose(table["share"], [1 / 2, 3 / 4, 2 / 3, 1 / 4])


def test_recall_where_nothing_or_everything_was_injected():
    nothing = recall_of_injected(np.array(["", ""]), np.array([False, True]))
    assert nothing[["kind", "images", "dropped", "share"]].values.tolist() == [["others", 2, 1, 0.5]]
    everything = recall_of_injected(np.array(["blur"]), np.array([False]))
    assert everything["kind"].tolist() == ["blur", "all injected"]
    with pytest.raises(ValueError, match="1 kinds for 2 images"):
        recall_of_injected(np.array(["blur"]), np.array([False, True]))


def test_bad_input_is_told(images, pids):
    rng = np.random.default_rng(1)
    for arguments, message in (
        ((images, pids, 1.5, rng), "the share of images to spoil is 1.5"),
        ((images, pids, np.nan, rng), "the share of images to spoil is nan"),
        ((images, pids, 0.5, rng, ["rain"]), r"images cannot be spoiled by \['rain'\][\s\S]*wrong_identity, noise"),
        ((images, pids, 0.5, rng, []), "images cannot be spoiled by nothing"),
        ((images, np.zeros(60, int), 0.5, rng), "there is no other identity"),
        ((images[:, :, :7], pids, 0.5, rng), "the images have 7 x 16 pixels"),
    ):
        with pytest.raises(UserError, match=message):
            inject(*arguments)
    for arguments in ((images[:, :2], pids), (images.astype(float), pids), (images, pids[:-1])):
        with pytest.raises(ValueError, match="images of shape"):
            inject(*arguments, 0.5, rng)
