"""Generated images of large loss do not count."""

from pathlib import Path

import pytest
import torch

from encoders import run, trainer_of
from purereid.losses.cross_entropy import cross_entropies
from purereid.reid.small_loss import share_that_counts, small_loss


def test_the_share_falls_in_a_line():
    assert [share_that_counts(0.6, 4, done) for done in (0, 1, 2, 4, 9)] == pytest.approx([1, 0.9, 0.8, 0.6, 0.6])
    assert share_that_counts(0.6, 0, 0) == pytest.approx(0.6) and share_that_counts(1.0, 4, 3) == 1


def test_the_smallest_losses_of_generated_images_count():
    losses = torch.tensor([9.0, 3.0, 1.0, 2.0, 1.0, 8.0])
    generated = torch.tensor([False, True, True, True, True, False])
    assert small_loss(losses, generated, 0.5).tolist() == [True, False, True, False, True, True]
    assert small_loss(losses, generated, 0.25).tolist() == [True, False, True, False, False, True]  # the earlier
    assert small_loss(losses, generated, 1.0).all() and (small_loss(losses, generated, 0.0) == ~generated).all()


@pytest.mark.parametrize("labels", ["uniform", "identity"])
def test_what_does_not_count_is_as_if_it_had_no_weight(mixed: Path, mixture: dict, labels: str, monkeypatch):
    options = mixture | {"generated_labels": labels, "epochs": 1}
    trainer = trainer_of(mixed, options | {"generated_small_loss": 1 / 3})
    seen = []
    learn_from = type(trainer).learn_from
    monkeypatch.setattr(
        type(trainer), "learn_from", lambda self, *given: seen.append(given) or learn_from(self, *given)
    )
    batch = trainer.batch(0)
    trainer.step(0, batch)
    (_, logits), truth = seen[0]
    losses = cross_entropies(logits.detach(), truth.targets(logits.detach(), options["label_smoothing"]))
    generated = truth.generated
    best = losses[generated].min()
    assert truth.weights.tolist() == (~generated | (losses == best)).float().tolist() and generated.sum() == 3
    assert (truth.known[truth.weights == 0] == -1).all()


def test_by_default_all_count_and_the_share_has_a_schedule(mixed: Path, mixture: dict, tmp_path: Path):
    changes = [{}, {"generated_small_loss": 0.34}, {"generated_small_loss": 0.34, "generated_small_loss_epochs": 50}]
    losses = [run(mixed, tmp_path / str(n), mixture | change)[1]["loss"] for n, change in enumerate(changes)]
    assert losses[0].tolist() == losses[2].tolist()  # of three images three count, as long as the share is near 1
    assert losses[0].tolist() != losses[1].tolist()
