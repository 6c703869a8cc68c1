"""Training steps on rendered people; the floor is the plain product of as many operations.

A step is what the trainers do in one: passes, losses, updates. Batches are made before (see ``images``). The settings
are those of config.yaml, or with the published networks and sizes those of the preset market1501.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import yaml

from bench.comparison import Row, Way, compare
from bench.floors import operations, operations_of
from bench.machine import devices
from purereid.data.import_keypoints import import_keypoints
from purereid.data.index_dataset import index_dataset
from purereid.data.make_heatmaps import make_heatmaps
from purereid.data.pairs import sample_pairs
from purereid.networks.network_file import save_networks
from purereid.networks.precision import has_bf16
from purereid.people.writer import render_people
from purereid.systems.bot.encoder import Trainer as EncoderTrainer
from purereid.systems.bot.networks import Encoder
from purereid.systems.posegan.generator import Trainer as PoseGANTrainer
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer

NAMES = ("steps", "published")  # published: 0 or 1
TINY = (1, 0)
SMALL, FULL = [(3, 0)], [(20, 0), (2, 1)]
ROOT = Path(__file__).parents[2]
PEOPLE = {
    "train_identities": 16,
    "val_identities": 0,
    "test_identities": 2,
    "cameras": 2,
    "distractors": 1,
    "junk": 1,
    "seed": 0,
}
PICTURES = {"images_per_camera": [2, 2], "height": 128, "width": 64, "quality": 90, "processes": 1}
LATER = 10**6  # a step at which losses that grow with time have their weight


def comparisons(steps: int, published: int) -> Iterator[list[Row]]:
    """Steps of the reID trainer and of the pose-guided generator, on each device."""
    sections = settings(bool(published))
    with TemporaryDirectory() as folder:
        files = make_people(Path(folder), sections)
        for device in map(torch.device, devices()):
            makers = {"train_reid": reid_trainer, "posegan without perceptual loss": posegan_trainer}
            for name, make in makers.items():
                formats = ["fp32", *(["bf16"] if has_bf16(device) else [])]
                trainers = {precision: make(files, sections, device, precision) for precision in formats}
                size = f"{name}, settings of {'market1501' if published else 'config.yaml'} on {device.type}"
                yield compare("training", size, "images", ways_of(trainers, steps, device))


def settings(published: bool) -> dict[str, dict]:
    """Sections ``train_reid`` and ``posegan``."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    layers = [config]
    if published:
        layers.append(yaml.safe_load((ROOT / "presets/market1501.yaml").read_text(encoding="utf-8")))
    sections: dict[str, dict] = {"train_reid": {}, "posegan": {}}
    for layer in layers:
        encoder = layer["train_reid"]
        common = {name: value for name, value in encoder.items() if name not in ("bot", "pcb")}
        sections["train_reid"] |= common | encoder["bot"]
        sections["posegan"] |= layer["train_gan"]["posegan"]
    return sections


def make_people(folder: Path, sections: dict[str, dict]) -> dict[str, Path]:
    """Rendered people with what both trainers need: index, parts, pairs, and an encoder with random weights."""
    people, names = folder / "people", ("index", "keypoints", "parts", "pairs", "encoder")
    files = {name: folder / name for name in names}
    render_people(people, **PEOPLE, **PICTURES)
    reports = {"doctor": folder / "doctor.json", "report": folder / "doctor.html"}
    source = {"images": folder, "name": "people", "format": "market1501", "folder": str(people)}
    index_dataset(index=files["index"], **reports, **source)
    csv = [people / "keypoints-train.csv", people / "keypoints-test.csv"]
    import_keypoints(index=files["index"], sources=csv, keypoints=files["keypoints"])
    size = {name: sections["posegan"][name] for name in ("height", "width")}
    make_heatmaps(keypoints=files["keypoints"], joints=folder / "joints", parts=files["parts"], **size)
    sample_pairs(keypoints=files["keypoints"], index=files["index"], pairs=files["pairs"], splits=["train"], most=0)
    shape = {name: sections["train_reid"][name] for name in ("backbone", "last_stride", "bnneck", "height", "width")}
    save_networks(files["encoder"], {"encoder": Encoder(pids=[1, 2], **shape)}, system="bot", stage="encoder")
    return files


def reid_trainer(files: dict[str, Path], sections: dict, device: torch.device, precision: str) -> BaseTrainer:
    """Trainer of one encoder."""
    own = sections["train_reid"] | {"seed": 1, "precision": precision}
    return EncoderTrainer(Inputs(files["index"]), own, device)


def posegan_trainer(files: dict[str, Path], sections: dict, device: torch.device, precision: str) -> BaseTrainer:
    """Trainer of one generator, without a perceptual loss, whose weights are not at hand."""
    own = sections["posegan"] | {"precision": precision, "perceptual_weights": "", "perceptual_weight": 0.0}
    inputs = {name: files[name] for name in ("pairs", "parts", "encoder")}
    return PoseGANTrainer(Inputs(files["index"], inputs, conditions=["source", "parts"]), own, device)


def ways_of(trainers: dict[str, BaseTrainer], steps: int, device: torch.device) -> dict[str, Way]:
    """The floor, and the steps of each trainer, by its number format."""
    any_trainer = next(iter(trainers.values()))
    batches = [any_trainer.batch(step) for step in range(steps)]

    def run(trainer: BaseTrainer) -> None:
        for batch in batches:
            trainer.step(LATER, batch)
        if device.type != "cpu":
            torch.cuda.synchronize()

    number, count = operations_of(lambda: run(any_trainer)), steps * any_trainer.images_per_step
    ways = {"plain product of as many operations": Way(count, lambda: operations(number, device.type))}
    remark = " (convolutions TF32)" if device.type == "cuda" and torch.backends.cudnn.allow_tf32 else ""
    names = {"fp32": f"purereid, fp32{remark}", "bf16": "purereid, bf16"}
    return ways | {names[format_]: Way(count, partial(run, trainer)) for format_, trainer in trainers.items()}
