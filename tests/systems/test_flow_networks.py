"""The network of the flow, its poses, and what it draws."""

import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.networks.draw import draw
from purereid.systems.flow.checks import check
from purereid.systems.flow.networks import Generator, Guide
from purereid.systems.flow.poses import pose_maps
from purereid.systems.flow.warp import warp

SHAPE = {"height": 32, "width": 16, "channels": 8, "levels": 2, "blocks": 1, "heads": 2}


def generator(**changed: object) -> Generator:
    """One that has learnt something: no layer gives 0."""
    torch.manual_seed(0)
    network = Generator(**SHAPE | changed)
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    return network.eval()


def asked(count: int = 3) -> dict[str, torch.Tensor]:
    draws = torch.Generator().manual_seed(1)
    poses = [torch.rand(count, 18, 3, generator=draws) * torch.tensor([127.0, 63.0, 1.0]) for _ in range(2)]
    for each in poses:
        each[..., 2] = (each[..., 2] > 0.3).float()
    images = torch.randint(256, (count, 3, 32, 16), dtype=torch.uint8, generator=draws)
    return {"source": images, "keypoints": poses[0], "source_keypoints": poses[1], "seed": torch.arange(count) + 7}


def guided(network: Generator, conditions: dict[str, torch.Tensor]) -> Guide:
    sources = conditions["source"] / 127.5 - 1
    return network.guide(sources, conditions["source_keypoints"], conditions["keypoints"])


def of(conditions: dict[str, torch.Tensor], *rows: int) -> dict[str, torch.Tensor]:
    return {name: values[list(rows)] if values.ndim else values for name, values in conditions.items()}


def test_poses_are_gaussians_at_the_joints():
    keypoints = asked(2)["keypoints"]
    found = pose_maps(keypoints, (16, 8))
    sigma = 8 * 16 / 256
    for person in range(2):
        for joint, (y, x, visible) in enumerate(keypoints[person].tolist()):
            place = (y + 0.5) / 8 - 0.5, (x + 0.5) / 8 - 0.5
            rows, columns = np.mgrid[:16, :8]
            squares = (rows - place[0]) ** 2 + (columns - place[1]) ** 2
            assert np.allclose(found[person, joint], visible * np.exp(-squares / (2 * sigma**2)), atol=1e-5)


def test_an_image_is_its_own_whatever_else_is_drawn():
    network, conditions = generator(), asked()
    together = draw(network, conditions, "fp32")
    alone = torch.cat([draw(network, of(conditions, row), "fp32") for row in (2, 0, 1)])[[1, 2, 0]]
    assert together.dtype == torch.uint8 and together.shape == (3, 3, 32, 16)
    assert (together.int() - alone.int()).abs().max() <= 1  # sums of another order
    assert not torch.equal(together[0], draw(network, of(conditions, 0) | {"seed": torch.tensor([99])}, "fp32")[0])


@pytest.mark.parametrize("name", ["source", "keypoints", "source_keypoints"])
def test_each_condition_is_heeded(name):
    network, conditions = generator(), asked(1)
    other = conditions | {name: asked(2)[name][1:]}
    assert not torch.equal(draw(network, conditions, "fp32"), draw(network, other, "fp32"))


def test_without_a_source_nothing_of_it_is_seen_and_the_pose_still_is():
    network, conditions = generator(), asked(2)
    other = guided(network, conditions | {"source": conditions["source"].flip(0)})
    posed = guided(network, conditions | {"keypoints": conditions["keypoints"].flip(0)})
    places, times = torch.randn(2, 3, 32, 16), torch.tensor([0.2, 0.7])
    for given, alike in ((torch.zeros(2), True), (torch.ones(2), False)):
        first, second = (network(places, times, each, given) for each in (guided(network, conditions), other))
        assert torch.equal(first, second) == alike
        assert not torch.equal(first, network(places, times, posed, given))


def test_guidance_leads_away_from_what_is_drawn_without_a_source():
    network, conditions = generator(sampling_steps=1, guidance=2.5), asked(2)
    noise = torch.stack(
        [torch.randn(3 * 32 * 16, generator=torch.Generator().manual_seed(int(seed))) for seed in conditions["seed"]]
    ).reshape(2, 3, 32, 16)
    start, guide = torch.zeros(2), guided(network, conditions)
    given, free = (network(noise, start, guide, torch.full((2,), value)) for value in (1.0, 0.0))
    expected = ((free + 2.5 * (given - free) + 1) * 127.5).clamp(0, 255)
    assert (draw(network, conditions, "fp32").float() - expected.detach()).abs().max() <= 1


def test_between_two_persons():
    network, conditions = generator(), asked(1)
    second = {f"second_{name}": asked(2)[name][1:] for name in ("source", "source_keypoints")}
    ends = [draw(network, conditions | second | {"share": torch.tensor(share)}, "fp32") for share in (0.0, 1.0)]
    assert torch.equal(ends[0], draw(network, conditions, "fp32"))
    other = conditions | {"source": second["second_source"], "source_keypoints": second["second_source_keypoints"]}
    assert torch.equal(ends[1], draw(network, other, "fp32"))
    middle = draw(network, conditions | second | {"share": torch.tensor(0.5)}, "fp32")
    assert not torch.equal(middle, ends[0]) and not torch.equal(middle, ends[1])


def test_all_of_the_network_learns():
    network = generator()
    network(
        torch.randn(2, 3, 32, 16), torch.rand(2), guided(network, asked(2)), torch.ones(2)
    ).square().mean().backward()
    assert not [name for name, each in network.named_parameters() if each.grad is None or not each.grad.any()]


def test_at_first_it_names_the_warped_source():
    torch.manual_seed(0)
    network, conditions = Generator(**SHAPE), asked(2)
    named = network(torch.randn(2, 3, 32, 16), torch.rand(2), guided(network, conditions), torch.tensor([1.0, 0.0]))
    warped = warp(conditions["source"] / 127.5 - 1, conditions["source_keypoints"], conditions["keypoints"])
    assert torch.allclose(named[0], warped[0, :3], atol=1e-6) and not named[1].any()


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"height": 34}, "images of 34 x 16 cannot be halved 2 times"),
        ({"width": 12, "levels": 3}, "images of 32 x 12 cannot be halved 3 times"),
        ({"heads": 3}, "3 heads cannot share 16 channels"),
    ],
)
def test_shapes_that_fit_no_network(changed, message):
    check(SHAPE, "the generator flow", None)
    with pytest.raises(UserError, match=message):
        check(SHAPE | changed, "the generator flow", None)
