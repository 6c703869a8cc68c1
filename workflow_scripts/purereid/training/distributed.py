"""One code path from one CPU process to several GPUs.

Every process computes the features of its slice of the batch; ``gather`` puts the slices together so that losses
and the neck see the whole batch, and ``SyncBatchNorm`` does the same for the statistics inside the backbone. The
gradients are then those of one process with the whole batch, however many processes share the work.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn

from purereid.errors import UserError
from purereid.logs import log

PATIENCE = timedelta(hours=2)  # for a process that others wait for: the first one decodes the images of all


def launch(function: Callable[[torch.device], None], gpus: int = 0, processes: int | None = None) -> None:
    """Call a function once per process; this process is rank 0.

    Args:
        function: called with the process's device; must be importable (spawned processes import it again).
        gpus: number of GPUs, one process each; 0 is the CPU.
        processes: number of CPU processes where there is no GPU (for tests; one is fastest).

    Raises:
        UserError: fewer GPUs than asked for.
    """
    device = first_device(gpus)
    world = gpus or processes or 1
    if world == 1:
        function(device)
        return
    port = _free_port()
    context = torch.multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_follow, args=(function, rank, world, gpus, port), daemon=True)
        for rank in range(1, world)
    ]
    for process in others:
        process.start()
    try:
        _run(function, 0, world, gpus, port)
        for process in others:
            process.join()
    finally:
        # the others keep nothing that is worth saving, and may wait for this process for ever
        for process in others:
            process.kill()
            process.join()
        if dist.is_initialized():
            dist.destroy_process_group()
    failed = [process.exitcode for process in others if process.exitcode]
    if failed:
        raise RuntimeError(f"{len(failed)} of {world} processes failed, exit codes {failed}")


def first_device(gpus: int) -> torch.device:
    """The device of this process: the first GPU, or the CPU for 0.

    Raises:
        UserError: fewer GPUs than asked for.
    """
    if gpus > torch.cuda.device_count():
        raise UserError(
            f"{gpus} GPU(s) asked for, {torch.cuda.device_count()} found",
            expected="as many GPUs as the experiment's setting gpus",
            do="set gpus to 0 for the CPU, or start the job where the GPUs are",
        )
    return _device(0, gpus)


def rank() -> int:
    """Number of this process, 0 without torch.distributed."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes, 1 without torch.distributed."""
    return dist.get_world_size() if dist.is_initialized() else 1


def own_slice(batch: int) -> slice:
    """Rows of a batch that this process computes; the batch size must be a multiple of the world size."""
    if batch % world_size():
        raise UserError(
            f"a batch of {batch} images cannot be shared by {world_size()} processes",
            expected="a batch size that is a multiple of the number of GPUs",
        )
    share = batch // world_size()
    return slice(rank() * share, (rank() + 1) * share)


def of_all(text: str) -> list[str]:
    """The texts that the processes give, by rank, in every process; each waits for all others."""
    texts = [text] * world_size()
    if world_size() > 1:
        dist.all_gather_object(texts, text)
    return texts


def gather(tensor: torch.Tensor) -> torch.Tensor:
    """Concatenate the slices [B / world, ...] of all processes to [B, ...], with gradients.

    Every process must compute the same loss from the result; averaging parameter gradients over the processes (as
    DistributedDataParallel does) then gives the gradient of that one loss.
    """
    return tensor if world_size() == 1 else _Gather.apply(tensor)


class SyncBatchNorm(nn.BatchNorm2d):
    """Batch normalisation with statistics over all processes; unlike torch's own it runs on CPUs too."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not self.training or world_size() == 1:
            return super().forward(input)
        x = input.float()
        count = world_size() * x.numel() / x.shape[1]
        mean = _AllReduce.apply(x.sum(dim=(0, 2, 3))) / count
        var = _AllReduce.apply((x - mean[:, None, None]).square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * count / (count - 1), self.momentum)
        scale = self.weight * (var + self.eps).rsqrt()
        return ((x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)


def sync_batch_norm(module: nn.Module) -> nn.Module:
    """Turn every BatchNorm2d of a network into ``SyncBatchNorm``, in place.

    Subclasses stay as they are (timm joins some with their activation), which matters with several processes.
    """
    others = [child for child in module.modules() if isinstance(child, nn.BatchNorm2d)]
    others = [child for child in others if type(child) not in (nn.BatchNorm2d, SyncBatchNorm)]
    if others and world_size() > 1:
        log.warning("%d batch normalisations of the backbone keep statistics of each GPU's own images", len(others))
    for child in module.modules():
        if type(child) is nn.BatchNorm2d:
            child.__class__ = SyncBatchNorm
    return module


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, tensor: torch.Tensor) -> torch.Tensor:
        parts = [torch.empty_like(tensor) for _ in range(world_size())]
        dist.all_gather(parts, tensor.contiguous())
        ctx.rows = tensor.shape[0]
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        # all processes hold the same loss, hence the same gradient: the sum over them is world times ours
        return gradient[rank() * ctx.rows : (rank() + 1) * ctx.rows] * world_size()


class _AllReduce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, tensor: torch.Tensor) -> torch.Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def _follow(function: Callable, rank: int, world: int, gpus: int, port: int) -> None:
    """A process beside the first: it says nothing, since the first meets the same mistakes and tells them."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    log.addHandler(logging.NullHandler())
    log.propagate = False
    try:
        _run(function, rank, world, gpus, port)
    except UserError:
        sys.exit(1)


def _run(function: Callable, rank: int, world: int, gpus: int, port: int) -> None:
    device = _device(rank, gpus)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("nccl" if gpus else "gloo", rank=rank, world_size=world, timeout=PATIENCE)
    function(device)
    dist.destroy_process_group()


def _device(rank: int, gpus: int) -> torch.device:
    if not gpus:
        return torch.device("cpu")
    torch.cuda.set_device(rank)
    return torch.device("cuda", rank)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
