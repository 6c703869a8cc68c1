"""Two processes give the gradients of one."""

import functools
import multiprocessing
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.nn.parallel import DistributedDataParallel

from purereid.errors import UserError
from purereid.losses.cross_entropy import cross_entropy
from purereid.losses.triplet import batch_hard_triplet
from purereid.reid.labels import targets
from purereid.systems.bot.networks import Encoder
from purereid.training.distributed import launch, own_slice, rank, sync_batch_norm, world_size


def gradients(device: torch.device, *, path: Path) -> None:
    """Gradients and running statistics of one step on a batch of 16; each process computes its slice."""
    torch.manual_seed(0)
    model = Encoder(backbone="resnet_small", last_stride=1, bnneck=True, pids=[0, 1, 2, 3], height=32, width=16)
    sync_batch_norm(model.backbone)
    images = torch.rand(16, 3, 32, 16, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(16) // 4
    network = DistributedDataParallel(model) if world_size() > 1 else model
    pooled, logits = network(images[own_slice(16)])
    weights = torch.ones(16)
    soft = targets(labels, torch.zeros(16, dtype=torch.long), 4, 0.1)
    loss = cross_entropy(logits, soft, weights) + batch_hard_triplet(pooled, labels, weights, 0.3)
    loss.backward()
    if rank() == 0:
        found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        save_file(found | {f"buffer/{name}": b for name, b in model.named_buffers()}, path)


def test_two_processes_give_the_gradients_of_one(tmp_path: Path):
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    launch(functools.partial(gradients, path=one))
    launch(functools.partial(gradients, path=two), processes=2)
    single, double = load_file(one), load_file(two)
    assert single.keys() == double.keys() and len(single) > 30
    for name, value in single.items():
        torch.testing.assert_close(double[name].float(), value.float(), rtol=1e-4, atol=1e-5, msg=name)
    assert single["backbone.stem.0.weight"].abs().max() > 1e-3


def test_more_gpus_than_there_are_is_told():
    with pytest.raises(UserError, match=r"99 GPU\(s\) asked for"):
        launch(print, gpus=99)


def fail(device: torch.device) -> None:
    raise UserError(f"found by rank {rank()}")


def test_a_mistake_that_all_processes_meet_is_told_once(capfd: pytest.CaptureFixture):
    with pytest.raises(UserError, match="found by rank 0"):
        launch(fail, processes=2)
    assert "Traceback" not in capfd.readouterr().err


def stop_the_first(device: torch.device) -> None:
    if rank() == 0:
        raise SystemExit(143)
    dist.barrier()  # waits for the first for ever


def test_the_others_end_with_the_first():
    with pytest.raises(SystemExit):
        launch(stop_the_first, processes=2)
    assert not multiprocessing.active_children()
