"""An interrupted training ends with the bytes of an uninterrupted one."""

import logging
import os
import signal
from pathlib import Path

import pandas as pd
import pytest
import torch

from purereid.errors import UserError
from purereid.training.loop import train
from purereid.training.seeds import step_seed


class Toy:
    """A linear layer with dropout and momentum, trained on random numbers."""

    columns = ("loss",)
    steps, steps_per_epoch, images_per_step = 12, 4, 2

    def __init__(self, fail_at: int | None = None, signals: dict[int, int] | None = None):
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(3, 1))
        self.optimiser = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9)
        self.fail_at, self.signals, self.seen = fail_at, signals or {}, []

    def batch(self, step: int) -> torch.Tensor:
        return torch.rand(2, 3, generator=torch.Generator().manual_seed(step))

    def step(self, step: int, batch: torch.Tensor) -> dict:
        if step == self.fail_at:
            raise KeyboardInterrupt
        if step in self.signals:
            os.kill(os.getpid(), self.signals[step])
        self.seen.append(step)
        loss = (self.model(batch) - 1).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    def state(self) -> dict:
        return {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])

    def watch(self, row: dict) -> None:
        pass


def run(folder: Path, stamp: str = "s", **toy: object) -> Toy:
    folder.mkdir(exist_ok=True)
    trainer = Toy(**toy)
    train(trainer, seed=3, stamp=stamp, curves=folder / "curves.csv", log_every=2)
    return trainer


def weights(trainer: Toy) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.model.state_dict().values())


def test_checkpoints_that_take_long_are_written_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("purereid.training.loop.SHARE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, fail_at=11)
    assert run(tmp_path).seen[0] == 4  # after the first epoch, and not again


def goes_on_as_if_never_stopped(folder: Path, step: int) -> None:
    """Run a training to its end that was stopped in a folder, and compare it with one that was not."""
    resumed, whole = run(folder), run(folder.with_name("whole"))
    assert resumed.seen[0] == step
    assert weights(resumed) == weights(whole)
    columns = ["step", "epoch", "loss"]
    curves = [pd.read_csv(each / "curves.csv")[columns] for each in (folder, folder.with_name("whole"))]
    pd.testing.assert_frame_equal(*curves)


@pytest.mark.parametrize("fail_at", [1, 4, 6, 11])
def test_resume_gives_the_same_weights_and_curves(tmp_path: Path, fail_at: int):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", fail_at=fail_at)
    goes_on_as_if_never_stopped(tmp_path / "broken", fail_at // 4 * 4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", [0, 6, 7])
def test_a_signal_stops_after_the_running_step(
    tmp_path: Path, number: int, step: int, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(SystemExit) as stopped, caplog.at_level(logging.INFO, "purereid"):
        run(tmp_path / "broken", signals={step: number})
    assert stopped.value.code == 128 + signal.SIGTERM
    assert [record.getMessage() for record in caplog.records if "stopped" in record.getMessage()] == [
        f"stopped at step {step + 1}; the next run goes on from there"
    ]
    goes_on_as_if_never_stopped(tmp_path / "broken", step + 1)


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path):
    class Impatient(Toy):
        def step(self, step: int, batch: torch.Tensor) -> dict:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
            raise ZeroDivisionError  # is not come to

    with pytest.raises(KeyboardInterrupt):
        train(Impatient(), seed=3, stamp="s", curves=tmp_path / "curves.csv")
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_after_a_training_signals_do_what_they_did_before(tmp_path: Path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    run(tmp_path)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_checkpoint_of_other_settings_is_ignored_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a", fail_at=6)
    with caplog.at_level(logging.INFO, "purereid"):
        other = run(tmp_path / "a", stamp="other")
    assert other.seen[0] == 0
    assert "checkpoint is of other settings, code, data or threads" in caplog.text


def test_damaged_checkpoint_is_ignored_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/checkpoint.safetensors").write_bytes(b"half a file")
    with caplog.at_level(logging.INFO, "purereid"):
        assert run(tmp_path / "a").seen[0] == 0
    assert "checkpoint is damaged" in caplog.text


def test_a_checkpoint_with_zeros_in_it_is_ignored_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a", fail_at=6)
    path = tmp_path / "a/checkpoint.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + bytes(8))
    with caplog.at_level(logging.INFO, "purereid"):
        assert run(tmp_path / "a").seen[0] == 0
    assert "checkpoint is damaged" in caplog.text


def test_loss_that_is_not_finite_stops_with_advice(tmp_path: Path):
    class Diverging(Toy):
        def step(self, step: int, batch: torch.Tensor) -> dict:
            return {"loss": torch.tensor(float("nan") if step == 5 else 1.0)}

    with pytest.raises(UserError, match=r"the loss is not finite at step 6[\s\S]*lower this rule's learning_rate"):
        train(Diverging(), seed=0, stamp="s", curves=tmp_path / "curves.csv", log_every=2)


class Drawing(Toy):
    """Notes what the random generator yields in each step."""

    def step(self, step: int, batch: torch.Tensor) -> dict:
        self.drawn = [*getattr(self, "drawn", []), torch.rand(()).item()]
        return super().step(step, batch)


def test_draws_inside_steps_follow_from_seed_and_step(tmp_path: Path):
    drawn = {}
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        (tmp_path / name).mkdir()
        trainer = Drawing()
        torch.manual_seed(len(name))  # what was drawn before plays no part
        train(trainer, seed=seed, stamp="s", curves=tmp_path / name / "curves.csv")
        drawn[name] = trainer.drawn
    assert drawn["one"] == drawn["again"]
    assert len({*drawn["one"], *drawn["other"]}) == 24  # no two steps draw alike


def test_step_seeds_differ():
    assert len({step_seed(a, b) for a in range(20) for b in range(20)}) == 400
    assert step_seed(1, 2) == step_seed(1, 2)
