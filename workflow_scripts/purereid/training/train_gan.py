"""Train an image generator (rule ``train_gan``)."""

from pathlib import Path

import torch

from purereid.data.samples import write_samples
from purereid.generation.training_data import TrainingData
from purereid.logs import log
from purereid.networks.generator_file import save_generator
from purereid.networks.registry import trainer_class
from purereid.training.distributed import first_device
from purereid.training.loop import train
from purereid.training.making import making
from purereid.training.trainer import GeneratorTrainer


def train_gan(
    *,
    index: str | Path,
    generator: str | Path,
    curves: str | Path,
    samples: str | Path,
    system: str,
    settings: dict,
    stamp: str,
    threads: int = 1,
    gpus: int = 0,
    **inputs: str | Path,
) -> None:
    """Train one generator and write it.

    Args:
        index: the data set.
        generator: safetensors file that is written.
        curves: CSV file that is written.
        samples: Parquet file that is written: the same conditions drawn again and again during the training (step,
            number, source, pose, target, bytes of a PNG).
        system: name of the sub-package that trains it.
        settings: of the system.
        stamp: digest of all that decides the result, for the checkpoint.
        threads: image files decoded at once.
        gpus: 0 for the CPU.
        inputs: further files, as the system's ``inputs`` names them.

    Raises:
        UserError: unusable inputs or settings, no GPU where one is asked for.
    """
    with making([generator, curves, samples], stamp) as needed:
        if needed:
            device = first_device(gpus)
            size = settings["height"], settings["width"]
            chosen = {name: settings[name] for name in ("splits", "samples", "seed") if name in settings}
            data = TrainingData(index, size=size, threads=threads, **chosen, **inputs)
            trainer = trainer_class(system)(data, settings, device)
            _say(trainer)
            train(trainer, seed=settings["seed"], stamp=stamp, curves=Path(curves), log_every=settings["log_every"])
            write_samples(samples, data.samples, trainer.samples)
            save_generator(generator, system, trainer.networks["generator"])


def _say(trainer: GeneratorTrainer) -> None:
    sizes = ", ".join(f"{name} {_millions(network)} M" for name, network in trainer.networks.items())
    log.info(
        "parameters: %s; %d images, %s pairs, %d steps on %s with %d images each",
        sizes,
        len(trainer.data.names),
        "no" if trainer.data.pairs is None else len(trainer.data.pairs),
        trainer.steps,
        trainer.device.type,
        trainer.images_per_step,
    )


def _millions(network: torch.nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.2f}"
