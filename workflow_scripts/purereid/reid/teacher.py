"""What an encoder that was trained before says of generated images."""

from pathlib import Path

import torch

from purereid.data.transforms import standardise
from purereid.errors import UserError
from purereid.networks.network_file import load_network


class Teacher:
    """An encoder with a classifier that was trained before, and does not change.

    Args:
        path: its file.
        student: configuration of the encoder that learns from it.
        device: where to run.
        dropout: whether it is in training mode: what in its network drops values does so, and its batch normalisation
            takes the statistics of the batch. It never should; the published code did so from its first dump of images
            on.

    Raises:
        UserError: it knows other identities, takes images of another size, or has no classifier.
    """

    def __init__(self, path: str | Path, student: dict, device: torch.device, *, dropout: bool = False):
        self.network = load_network(path, "encoder", device).requires_grad_(False)
        self.known, self.student = self.network.configuration, student
        _check(self.known, student, path)
        self.classes = len(student["pids"])
        shape = (1, 3, student["height"], student["width"])
        with torch.no_grad():
            probable = self.network.probabilities(self.network.embed(torch.zeros(shape, device=device)))
        if probable is None:
            raise UserError(
                "the teacher has no classifier, and so says of nobody who it is",
                where=path,
                expected="an encoder that was trained to tell identities apart by a classifier",
                do="name another experiment as teacher, such as one of the system bot",
            )
        self.network.train(dropout)

    @torch.no_grad()
    def probabilities(self, images: torch.Tensor) -> torch.Tensor:
        """Probability float32 [B, K] of each identity: the mean of those for an image and for its mirror image.

        Args:
            images: float32 [B, 3, H, W] as the student sees them.
        """
        mean, std = (torch.tensor(self.student[name], device=images.device).view(3, 1, 1) for name in ("mean", "std"))
        seen = standardise(images.float() * std + mean, self.known["mean"], self.known["std"])
        embedded = [self.network.embed(view).float() for view in (seen, seen.flip(3))]
        with torch.autocast(images.device.type, enabled=False):
            views = [self.network.probabilities(each) for each in embedded]
        total = sum(view[:, : self.classes] for view in views)  # a class of generated images comes after these
        return total / total.sum(dim=1, keepdim=True)


def _check(known: dict, student: dict, path: str | Path) -> None:
    if known["pids"] != student["pids"]:
        strangers = sorted(set(student["pids"]) ^ set(known["pids"]))
        raise UserError(
            f"the teacher tells {len(known['pids'])} identities apart, and there are {len(student['pids'])} to learn; "
            f"{len(strangers)} are not in both" + (f", such as {strangers[0]}" if strangers else ""),
            where=path,
            expected="a teacher that was trained on the same identities",
            do="name as teacher an experiment with the same train and train_reid.splits",
        )
    for name in ("height", "width"):
        if known[name] != student[name]:
            sizes = [f"{each['height']} x {each['width']}" for each in (known, student)]
            raise UserError(
                f"the teacher takes images of {sizes[0]}, and its student of {sizes[1]}",
                where=path,
                expected="a teacher of the same train_reid.height and train_reid.width",
            )
