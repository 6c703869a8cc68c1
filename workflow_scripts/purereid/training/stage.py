"""Train one stage of a system (rules ``train_gan`` and ``train_reid``)."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from purereid.data.samples import write_samples
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.network_file import check_savable, load_network, roles_of, save_networks
from purereid.networks.registry import network_class, trainer_class
from purereid.training.distributed import launch, rank, world_size
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.trainer import BaseTrainer


@dataclass(frozen=True)
class Inputs:
    """What a stage reads.

    Attributes:
        index: the data set, with the generated images that are trained on.
        files: further files, by the names of the stage's ``inputs``.
        former: files of the networks of the stages before it, in running order.
        conditions: what an image of the system's generator is made from, see ``generation.conditions``.
        threads: image files decoded at once.
    """

    index: Path
    files: dict[str, str | Path] = field(default_factory=dict)
    former: Sequence[str | Path] = ()
    conditions: Sequence[str] = ()
    threads: int = 1

    def continued(self, role: str, device: torch.device) -> torch.nn.Module:
        """The network of a role as the last of the former stages that has it left it.

        Raises:
            UserError: as for ``load_network``.
        """
        having = [path for path in self.former if role in roles_of(path)]
        return load_network((having or self.former)[-1], role, device)


def train_stage(
    *,
    index: str | Path,
    networks: str | Path,
    curves: str | Path,
    samples: str | Path,
    system: str,
    stage: str,
    roles: Sequence[str],
    settings: dict,
    stamp: str,
    conditions: Sequence[str] = (),
    former: Sequence[str | Path] = (),
    threads: int = 1,
    gpus: int = 0,
    granted_gpus: int | None = None,
    processes: int | None = None,
    **files: str | Path,
) -> None:
    """Train one stage and write its networks.

    Args:
        index: the data set.
        networks: safetensors file that is written: the stage's networks by role.
        curves: CSV file that is written.
        samples: Parquet file that is written: images drawn during the training, see ``data.samples``; none of a stage
            without a generator.
        system, stage: what is trained.
        roles: networks that are written.
        settings: of the stage.
        stamp: digest of all that decides the result, for the checkpoint.
        conditions: what an image of the system's generator is made from.
        former: networks of the stages before it, in running order.
        threads: image files decoded at once.
        gpus: 0 for the CPU; several share the batches.
        granted_gpus: GPUs that the job was given; None: as many as it asked for.
        processes: CPU processes where ``gpus`` is 0.
        files: further files, as the stage's ``inputs`` name them.

    Raises:
        UserError: unusable inputs or settings, fewer GPUs than asked for.
    """
    if granted_gpus is not None and granted_gpus < gpus:
        raise UserError(
            f"the experiment asks for {gpus} GPUs, the run grants {granted_gpus}",
            where="resources of the profile",
            do="raise gpu= in profiles/workstation/config.yaml to the number of GPUs, or lower gpus",
        )
    inputs = Inputs(Path(index), files, former, conditions, threads)
    named = {"system": system, "stage": stage, "roles": roles, "settings": settings, "stamp": stamp}
    run = functools.partial(_train_on, inputs=inputs, networks=networks, curves=curves, samples=samples, **named)
    with making([networks, curves, samples], stamp) as needed:
        if needed:
            launch(run, gpus, processes)


def _train_on(
    device: torch.device,
    *,
    inputs: Inputs,
    networks: str | Path,
    curves: str | Path,
    samples: str | Path,
    system: str,
    stage: str,
    roles: Sequence[str],
    settings: dict,
    stamp: str,
) -> None:
    trainer = trainer_class(system, stage)(inputs, settings, device)
    _check_roles(trainer, system, stage, roles)
    trained = {role: trainer.written(role) for role in roles}
    check_savable(trained)
    _say(trainer, stage)
    train(trainer, seed=trainer.seed, stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
    if rank() == 0:
        drawn = trainer.samples
        write_samples(samples, drawn.table if drawn else None, drawn.drawn if drawn else {})
        save_networks(networks, trained, system=system, stage=stage, about=trainer.about)


def _check_roles(trainer: BaseTrainer, system: str, stage: str, roles: Sequence[str]) -> None:
    """Told before the training rather than when its file is written or read."""
    for role in roles:
        if role not in trainer.networks:
            raise ValueError(f"the trainer of the stage {stage} of {system} has no {role}, a role in its system.yaml")
        if network_class(system, role) is None:
            raise ValueError(f"ROLES in networks.py of the system {system} has no {role}, a role in its system.yaml")


def _say(trainer: BaseTrainer, stage: str) -> None:
    sizes = ", ".join(f"{role} {count / 1e6:.2f} M" for role, count in trainer.about["parameters"].items())
    log.info(
        "%s: parameters %s; %d steps of %d images on %s x %d",
        stage,
        sizes,
        trainer.steps,
        trainer.images_per_step,
        trainer.device.type,
        world_size(),
    )
