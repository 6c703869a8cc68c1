"""Batch augmentation against one image at a time."""

import numpy as np
import pytest
import torch

from purereid.data.colour_jitter import jitter_colours
from purereid.data.sized_crop import crop_sized
from purereid.data.transforms import MEAN, STD, augment, crop_and_flip, erase_randomly, normalise, standardise
from purereid.data.vertical_shift import shift_vertically
from purereid.errors import UserError


def images(count: int = 6, height: int = 20, width: int = 10) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(0).integers(1, 256, (count, 3, height, width)), dtype=torch.uint8)


def pixels(images: torch.Tensor) -> list[np.ndarray]:
    return list(images.permute(0, 2, 3, 1).numpy())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_normalise_against_numpy():
    found = normalise(images()).numpy()
    expected = (images().numpy() / 255 - np.array(MEAN).reshape(3, 1, 1)) / np.array(STD).reshape(3, 1, 1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_normalise_has_the_bits_of_the_arithmetic_whatever_the_order_in_memory():
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(2, 3, 1, 1)
    expected = standardise(every / 255)
    for batch in (every, every.to(memory_format=torch.channels_last), every[:, :, ::2].repeat_interleave(2, 2)):
        found = normalise(batch)
        assert torch.equal(found, standardise(batch / 255)) and found.dtype == torch.float32
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(normalise(every), expected) and normalise(every[:0]).shape == (0, 3, 16, 16)


def test_normalise_takes_values_between_the_bytes_too():
    between = 255 * torch.rand(2, 3, 4, 5, generator=generator())
    assert torch.equal(normalise(between), standardise(between / 255))


def test_another_mean_and_deviation_on_both_paths():
    mean, std = (0.1, 0.5, 0.9), (0.5, 0.25, 1.0)
    expected = (images().numpy() / 255 - np.array(mean).reshape(3, 1, 1)) / np.array(std).reshape(3, 1, 1)
    for batch in (images(), images().float()):
        np.testing.assert_allclose(normalise(batch, mean, std), expected, atol=1e-5)
    cpu = torch.device("cpu")
    found = augment(pixels(images()), generator(), cpu, flip=0, pad=0, erase=0, mean=mean, std=std)
    assert torch.equal(found, normalise(images(), mean, std))


def test_standardise_against_numpy_and_lets_gradients_pass():
    values = torch.rand(2, 3, 4, 5, generator=generator()).requires_grad_()
    found = standardise(values)
    expected = [(values[:, c].detach().numpy() - MEAN[c]) / STD[c] for c in range(3)]
    np.testing.assert_allclose(found.detach().numpy(), np.stack(expected, axis=1), atol=1e-5)
    found.sum().backward()
    np.testing.assert_allclose(values.grad[0, :, 0, 0].numpy(), 1 / np.array(STD), rtol=1e-5)


def test_each_crop_is_a_window_of_the_padded_image_or_its_mirror():
    batch = images(40)
    padded = np.pad(batch.numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)))
    flips, windows = 0, set()
    cropped = crop_and_flip(pixels(batch), generator(), flip=0.5, pad=3)
    assert cropped.is_contiguous(memory_format=torch.channels_last)
    for before, after in zip(padded, cropped.numpy(), strict=True):
        places = [
            (top, left, flip)
            for top in range(7)
            for left in range(7)
            for flip in (False, True)
            if np.array_equal(after, before[:, top : top + 20, left : left + 10][:, :, :: -1 if flip else 1])
        ]
        assert len(places) == 1
        windows.add(places[0][:2])
        flips += places[0][2]
    assert 8 < flips < 32 and len(windows) > 20


def test_each_crop_is_the_one_that_was_drawn():
    batch, pad, draws = images(40), 13, generator()  # wider than the images: some crops show nothing
    top, left = (torch.randint(2 * pad + 1, (40, 1), generator=draws).flatten().tolist() for _ in range(2))
    flips = (torch.rand(40, 1, generator=draws) < 0.5).flatten().tolist()
    padded = np.pad(batch.numpy(), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    for row, found in enumerate(crop_and_flip(pixels(batch), generator(), flip=0.5, pad=pad).numpy()):
        window = padded[row, :, top[row] : top[row] + 20, left[row] : left[row] + 10]
        assert np.array_equal(found, window[:, :, ::-1] if flips[row] else window)


@pytest.mark.parametrize("pad", [0, 3])
def test_a_smaller_crop_is_a_window_of_the_padded_images(pad: int):
    batch, size, draws = images(40), (17, 6), generator()
    room = [whole + 2 * pad - part + 1 for whole, part in zip((20, 10), size, strict=True)]
    top, left = (torch.randint(more, (40, 1), generator=draws).flatten().tolist() for more in room)
    flips = (torch.rand(40, 1, generator=draws) < 0.5).flatten().tolist()
    padded = np.pad(batch.numpy(), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    found = crop_and_flip(pixels(batch), generator(), flip=0.5, pad=pad, crop=size)
    assert found.shape == (40, 3, *size) and found.is_contiguous(memory_format=torch.channels_last)
    for row, crop in enumerate(found.numpy()):
        window = padded[row, :, top[row] : top[row] + 17, left[row] : left[row] + 6]
        assert np.array_equal(crop, window[:, :, ::-1] if flips[row] else window)


def test_a_crop_as_large_as_the_padded_images_shows_them_whole():
    padded = torch.nn.functional.pad(images(), (3, 3, 3, 3))
    assert torch.equal(crop_and_flip(pixels(images()), generator(), flip=0, pad=3, crop=(26, 16)), padded)


def test_a_crop_that_is_too_large_is_told():
    with pytest.raises(UserError, match="crop of 27 x 16 does not fit into images of 20 x 10 with 3 pixels"):
        crop_and_flip(pixels(images()), generator(), flip=0, pad=3, crop=(27, 16))


def test_switched_off_nothing_changes():
    cpu = torch.device("cpu")
    assert torch.equal(augment(pixels(images()), generator(), cpu, flip=0, pad=0, erase=0), normalise(images()))
    assert torch.equal(crop_and_flip(pixels(images()), generator(), flip=1, pad=0), images().flip(3))


def test_erasing_fills_one_rectangle_of_the_asked_for_size():
    whole = torch.full((200, 3, 64, 32), 7.0).to(memory_format=torch.channels_last)
    result = erase_randomly(whole.clone(), generator(), 1.0)
    erased = (result != 7).all(dim=1).numpy()
    for channel, mean in enumerate(torch.tensor(MEAN).tolist()):
        assert set(result[:, channel].flatten().tolist()) == {7.0, mean}
    for mask in erased:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.015 < mask.mean() < 0.42
    assert 60 < (erase_randomly(whole, generator(), 0.5) != 7).any(dim=(1)).any(dim=1).any(dim=1).sum() < 140


def test_erasing_with_another_size_shape_and_fill():
    whole = torch.full((100, 3, 40, 40), 7.0).to(memory_format=torch.channels_last)
    options = {"area": (0.1, 0.11), "aspect": (1.0, 1.01), "fill": (0.0, 1.0, 2.0)}
    for image in erase_randomly(whole, generator(), 1.0, **options):
        rows, columns = torch.nonzero((image != 7).all(dim=0)).unbind(1)
        assert [len(rows.unique()), len(columns.unique())] == [13, 13]
        assert image[:, rows, columns].unique(dim=1).flatten().tolist() == [0, 1, 2]


def test_each_image_may_be_filled_with_a_colour_of_its_own():
    whole = torch.full((30, 3, 40, 40), 7.0).to(memory_format=torch.channels_last)
    fill = torch.rand(30, 3)
    for image, colour in zip(erase_randomly(whole, generator(), 1.0, fill=fill), fill, strict=True):
        assert torch.equal(image[:, (image != 7).all(dim=0)].unique(dim=1).flatten(), colour)


def test_draws_without_further_options_are_those_that_they_have_always_been():
    options, draws = {"flip": 0.5, "pad": 2, "erase": 0.5}, generator()
    augment(pixels(images()), found := generator(), torch.device("cpu"), **options)
    for _ in range(2):
        torch.randint(5, (6, 1), generator=draws)
    torch.rand(6, 1, generator=draws)
    torch.rand(5, 6, 20, generator=draws)
    assert torch.equal(found.get_state(), draws.get_state())


def test_all_options_together_come_in_their_order():
    mean, draws = (0.5, 0.5, 0.5), generator()
    found = augment(
        pixels(images()),
        generator(),
        torch.device("cpu"),
        pad=2,
        crop=(16, 8),
        shift=0.5,
        colour_jitter=(0.2, 0.2, 0.2, 0.1),
        mean=mean,
        erase=0.8,
        erase_area=(0.1, 0.2),
        erase_aspect=(0.5, 2.0),
        sized_crop=(0.7, 0.9),
        erase_fill="colour",
    )
    batch = jitter_colours(pixels(images()), draws, (0.2, 0.2, 0.2, 0.1))
    batch = crop_sized(shift_vertically(batch, draws, 0.5), draws, (0.7, 0.9))
    batch = crop_and_flip(batch, draws, flip=0.5, pad=2, crop=(16, 8))
    fill = (torch.rand(6, 3, 1, 1, generator=draws)[:, :, 0, 0] - 0.5) / torch.tensor(STD)
    expected = erase_randomly(normalise(batch, mean), draws, 0.8, area=(0.1, 0.2), aspect=(0.5, 2.0), fill=fill)
    assert torch.equal(found, expected)


def test_same_generator_same_images():
    cpu = torch.device("cpu")
    first, second = (augment(pixels(images()), generator(3), cpu) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, augment(pixels(images()), generator(4), cpu))
