"""Feature files: what is written is read, and nothing that is wrong is read."""

import re
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data.features import ROWS, read_encoder, read_feature_images, read_features, write_features
from purereid.errors import UserError


@pytest.fixture
def features():
    return np.random.default_rng(0).standard_normal((ROWS + 10, 3), dtype=np.float32)


@pytest.fixture
def images(features):
    return [f"query/{number:05d}.jpg" for number in range(len(features))]


@pytest.fixture
def shards(tmp_path, images, features):
    """The same features in three files, the first small and the last of more rows than are read at a time."""
    paths = [tmp_path / f"{shard}-of-3" / "features.parquet" for shard in range(3)]
    for path, rows in zip(paths, (slice(0, 5), slice(5, 9), slice(9, None)), strict=True):
        write_features(path, images[rows], features[rows], encoder="ab12")
    return paths


@pytest.fixture
def path(tmp_path, images, features):
    write_features(tmp_path / "features.parquet", images, features)
    return tmp_path / "features.parquet"


def test_all_features_come_back(path, images, features):
    found, values = read_features(path)
    assert found == images == read_feature_images(path)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, features)


def test_wanted_images_come_in_the_wanted_order(path, images, features):
    order = np.random.default_rng(1).permutation(len(images))[:50]
    found, values = read_features(path, [images[i] for i in order])
    assert found == [images[i] for i in order]
    np.testing.assert_array_equal(values, features[order])


def test_same_features_same_bytes(path, tmp_path, images, features):
    write_features(tmp_path / "again.parquet", images, features.copy())
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_the_file_tells_the_encoder_where_it_knows_it(path, tmp_path, images, features):
    assert read_encoder(path) == ""
    for name in ("a", "b"):
        write_features(tmp_path / name, images, features, encoder="ab12")
    assert read_encoder(tmp_path / "a") == "ab12"
    assert read_encoder([tmp_path / "a", tmp_path / "b"]) == "ab12"
    np.testing.assert_array_equal(read_features(tmp_path / "a")[1], features)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != path.read_bytes()


def test_files_are_joined_in_the_order_in_which_they_are_given(path, shards, images, features):
    found, values = read_features(shards)
    assert found == images == read_feature_images(shards)
    np.testing.assert_array_equal(values, features)
    found, values = read_features([str(shard) for shard in shards[::-1]])
    start = images.index(found[0])
    assert found == images[start:] + images[5:start] + images[:5] == read_feature_images(tuple(shards[::-1]))
    np.testing.assert_array_equal(values, np.concatenate([features[start:], features[5:start], features[:5]]))
    for files in ([path], str(path)):
        assert read_feature_images(files) == images and read_features(files)[0] == images


def test_wanted_images_come_in_the_wanted_order_from_all_files(shards, images, features):
    order = np.random.default_rng(2).permutation(len(images))[:70]
    found, values = read_features(shards, [images[i] for i in order])
    assert found == [images[i] for i in order]
    np.testing.assert_array_equal(values, features[order])


def test_the_file_holds_fixed_size_lists(path):
    assert pq.read_schema(path).field("feature").type == pa.list_(pa.float32(), 3)


def test_missing_images_are_counted_and_named(path, images):
    with pytest.raises(UserError, match=r"2 of 3 images have no feature, such as query/x\.jpg"):
        read_features(path, ["query/y.jpg", images[0], "query/x.jpg"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_feature_that_is_not_finite_is_named(tmp_path, images, features, bad):
    features[[7, 9], 1] = bad
    message = r"2 features are not a finite number, the first that of query/00007\.jpg"
    with pytest.raises(UserError, match=message):
        write_features(tmp_path / "bad.parquet", images, features)
    assert not (tmp_path / "bad.parquet").exists()
    write_raw(tmp_path / "bad.parquet", images, features)
    with pytest.raises(UserError, match=message):
        read_features(tmp_path / "bad.parquet")


def test_a_zero_feature_is_named(tmp_path, images, features):
    features[5] = 0
    write_raw(tmp_path / "zero.parquet", images, features)
    with pytest.raises(UserError, match=r"1 features are zero throughout, the first that of query/00005\.jpg"):
        read_features(tmp_path / "zero.parquet")


def test_an_image_listed_twice_is_named(tmp_path):
    with pytest.raises(UserError, match="image b is listed twice"):
        write_features(tmp_path / "f.parquet", ["a", "b", "b"], np.ones((3, 2)))
    write_raw(tmp_path / "f.parquet", ["a", "b", "b"], np.ones((3, 2), np.float32))
    with pytest.raises(UserError, match="image b is listed twice"):
        read_features(tmp_path / "f.parquet")


def test_an_image_of_two_files_is_named_with_both(tmp_path, shards, images, features):
    write_features(tmp_path / "more", ["more", images[6]], features[:2], encoder="ab12")
    with pytest.raises(UserError) as error:
        read_features([*shards, tmp_path / "more"])
    assert "image query/00006.jpg is listed twice" in str(error.value)
    assert f"where:    {shards[1]}, {tmp_path / 'more'}\n" in str(error.value)


@pytest.mark.parametrize("read", [read_features, read_feature_images])
def test_files_that_do_not_fit_together_are_told(tmp_path, shards, features, read):
    other = tmp_path / "other"
    write_features(other, ["more"], features[:1, :2], encoder="ab12")
    message = rf"of another width than those of {shards[0]}\n  where:    {other}\n"
    with pytest.raises(UserError, match=message):
        read([*shards, other])
    for encoder in ("", "cd34"):
        write_features(other, ["more"], features[:1], encoder)
        message = rf"of another encoder than those of {shards[0]}\n  where:    {other}\n"
        with pytest.raises(UserError, match=message):
            read([*shards, other])
        with pytest.raises(UserError, match=message):
            read_encoder([*shards, other])


def test_the_file_of_several_that_is_wrong_is_named(shards, images, features):
    with pytest.raises(UserError) as error:
        read_features(shards, [images[0], "x"])
    assert f"1 of 2 images have no feature, such as x\n  where:    {', '.join(map(str, shards))}\n" in str(error.value)
    write_raw(shards[1], images[5:9], np.full_like(features[5:9], np.nan), encoder="ab12")
    with pytest.raises(UserError, match=rf"4 features are not a finite number[^\n]*\n  where:    {shards[1]}\n"):
        read_features(shards)
    shards[1].unlink()
    with pytest.raises(UserError, match=rf"the features do not exist\n  where:    {shards[1]}\n"):
        read_features(shards)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 0)])
def test_features_of_another_shape_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match=re.escape(f"shape {shape} for 3 images")):
        write_features(tmp_path / "f.parquet", ["a", "b", "c"], np.ones(shape))


def test_no_such_file(tmp_path):
    with pytest.raises(UserError, match="the features do not exist"):
        read_features(tmp_path / "none.parquet")


def test_no_parquet(tmp_path):
    (tmp_path / "text.parquet").write_text("no features here")
    with pytest.raises(UserError, match="the features cannot be read"):
        read_features(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    "columns",
    [
        {"image": ["a"], "feature": pa.array([[1.0, 2.0]], pa.list_(pa.float32()))},
        {"image": ["a"], "feature": pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))},
        {"image": [1], "feature": pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2))},
        {"picture": ["a"]},
    ],
)
def test_other_columns_are_named(tmp_path, columns):
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    with pytest.raises(UserError, match="the features have the columns") as error:
        read_features(tmp_path / "f.parquet")
    assert "fixed-size list of float" in str(error.value)


@pytest.mark.parametrize(
    "columns",
    [
        {"image": ["a", None], "feature": pa.array([[1.0], [2.0]], pa.list_(pa.float32(), 1))},
        {"image": ["a", "b"], "feature": pa.array([[1.0], None], pa.list_(pa.float32(), 1))},
    ],
)
def test_empty_cells_are_refused(tmp_path, columns):
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    with pytest.raises(UserError, match="the features have empty cells"):
        read_features(tmp_path / "f.parquet")


def write_raw(path, images, features, encoder=""):
    """A feature file without the checks of ``write_features``."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), features.shape[1])
    about = {"encoder": encoder} if encoder else None
    pq.write_table(pa.table({"image": images, "feature": column}).replace_schema_metadata(about), path)


def test_more_shards_than_files_may_be_open(tmp_path: Path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 120
    paths = [tmp_path / f"{number}.parquet" for number in range(count)]
    for number, path in enumerate(paths):
        write_features(path, [f"{number}.jpg"], np.full((1, 2), number + 1, np.float32))
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 40, limits[1]))
    try:
        names, features = read_features(paths)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert names == [f"{number}.jpg" for number in range(count)] and features[:, 0].tolist() == list(
        range(1, count + 1)
    )
