"""A step of DG-Net; the floor is the passes of its backbone alone: with gradients, without, and by the teacher.

The decoder draws eight images for each pair of images, and costs more than all of the floor. How many operations (of
convolutions and matrix products) a step has beside the floor is said too.

The networks are those of config.yaml, or with the published sizes those of the preset dgnet. All losses count, as they
do in the later part of a training.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from bench.comparison import Row, Way, compare
from bench.machine import devices
from bench.training import LATER, PEOPLE, PICTURES, ROOT
from purereid.data.index import read_index
from purereid.data.index_dataset import index_dataset
from purereid.data.persons import training_persons
from purereid.networks.network_file import save_networks
from purereid.people.writer import render_people
from purereid.systems.bot.networks import Encoder
from purereid.systems.dgnet.frozen import frozen_pass
from purereid.systems.dgnet.joint import Batch, Trainer
from purereid.training.stage import Inputs

NAMES = ("steps", "published")  # published: 0 or 1
TINY = (1, 0)
SMALL, FULL = [(3, 0)], [(20, 0), (1, 1)]


def comparisons(steps: int, published: int) -> Iterator[list[Row]]:
    """Steps of the joint stage on each device."""
    own = settings(bool(published))
    with TemporaryDirectory() as folder:
        inputs = make_people(Path(folder), own)
        for device in map(torch.device, devices()):
            trainer = Trainer(inputs, own, device)
            batches = [trainer.batch(step) for step in range(steps)]
            works = {"passes of the backbone alone": passes, "purereid": step_of}
            ways = {name: Way(steps, partial(each, work, trainer, batches)) for name, work in works.items()}
            sizes = f"settings of {'dgnet' if published else 'config.yaml'} on {device.type}"
            sizes += f", {arithmetic(trainer, batches[0]):.1f} times the floor by operations"
            yield compare("dgnet", sizes, "steps", ways)


def settings(published: bool) -> dict:
    """Those of the stage."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["train_reid"]
    found = {name: value for name, value in config.items() if not isinstance(value, dict)} | config["dgnet"]
    if published:
        preset = yaml.safe_load((ROOT / "presets/dgnet.yaml").read_text(encoding="utf-8"))["train_reid"]
        found |= {name: value for name, value in preset.items() if name != "dgnet"} | preset["dgnet"]
        found |= {"backbone": "resnet50", "samples": 1}
    return found | {"seed": 1, "precision": "fp32"}


def make_people(folder: Path, own: dict) -> Inputs:
    """Rendered people, and a teacher of theirs with random weights."""
    people, index, teacher = folder / "people", folder / "index", folder / "teacher"
    render_people(people, **PEOPLE, **PICTURES)
    reports = {"doctor": folder / "doctor.json", "report": folder / "doctor.html"}
    index_dataset(index=index, **reports, images=folder, name="people", format="market1501", folder=str(people))
    pids = sorted(set(training_persons(read_index(index), ["train"])["pid"].tolist()))
    shape = {name: own[name] for name in ("backbone", "height", "width")}
    save_networks(teacher, {"encoder": Encoder(pids=pids, last_stride=2, **shape)}, system="bot", stage="encoder")
    return Inputs(index, {"encoder": teacher}, (), ("source", "pose_image"))


def arithmetic(trainer: Trainer, batch: Batch) -> float:
    """Operations of a step over those of the floor, without the gradient penalty, which cannot be counted."""
    weight, counts = trainer.settings["penalty_weight"], []
    trainer.settings["penalty_weight"] = 0.0
    for work in (step_of, passes):
        with FlopCounterMode(display=False) as counter:
            work(trainer, batch)
        counts.append(counter.get_total_flops())
    trainer.settings["penalty_weight"] = weight
    return counts[0] / counts[1]


def each(work: Callable[[Trainer, Batch], object], trainer: Trainer, batches: list[Batch]) -> None:
    """Do some work on each batch."""
    for batch in batches:
        work(trainer, batch)


def step_of(trainer: Trainer, batch: Batch) -> None:
    """A step in which all losses count."""
    trainer.step(LATER, batch)


def passes(trainer: Trainer, batch: Batch) -> None:
    """What a step does with backbones.

    4 passes without gradients, 4 by the teacher, 6 that learn, 2 by frozen copies.
    """
    backbone, images = trainer.encoder.backbone, batch.images.chunk(4)
    with torch.no_grad():
        for part in images:
            backbone(part)
        for part in images:
            trainer.teacher.network.backbone(part)
    for part in (*batch.erased.chunk(4), *images[:2]):
        backbone(part).mean().backward()
    for part in images[:2]:
        frozen_pass(backbone, part.clone().requires_grad_(True)).mean().backward()
    trainer.encoder.zero_grad()
