"""Nested state survives a file, and damaged files are told."""

from pathlib import Path

import pytest
import torch

from purereid.data import checkpoint
from purereid.errors import UserError


def test_round_trip_of_an_optimiser(tmp_path: Path):
    model = torch.nn.Linear(3, 2)
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    state = {"optimiser": optimiser.state_dict(), "rows": [{"step": 1, "loss": 0.5}], "none": None, "yes": True}
    checkpoint.save(tmp_path / "c.safetensors", state, stamp="abc")
    loaded, header = checkpoint.load(tmp_path / "c.safetensors")
    assert header["stamp"] == "abc"
    assert loaded["rows"] == state["rows"] and loaded["none"] is None and loaded["yes"] is True
    again = torch.optim.Adam(model.parameters())
    again.load_state_dict(loaded["optimiser"])
    for old, new in zip(optimiser.state.values(), again.state.values(), strict=True):
        assert all(torch.equal(old[key], new[key]) for key in old)


def test_shared_tensors_are_saved_apart(tmp_path: Path):
    tensor = torch.arange(4.0)
    checkpoint.save(tmp_path / "c.safetensors", {"a": tensor, "b": tensor, "part": tensor[:2]})
    loaded, _ = checkpoint.load(tmp_path / "c.safetensors")
    assert torch.equal(loaded["a"], loaded["b"]) and torch.equal(loaded["part"], tensor[:2])


def test_others_may_read_the_file_as_any_other_file(tmp_path: Path):
    checkpoint.save(tmp_path / "c.safetensors", {"a": torch.ones(1)})
    (tmp_path / "plain").touch()
    assert (tmp_path / "c.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_same_state_same_bytes(tmp_path: Path):
    state = {name: torch.ones(2) for name in "abcdef"} | {"list": [1, "x"]}
    for name in ("one", "two"):
        checkpoint.save(tmp_path / name, state, stamp="s", other="t", third="u")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", None])
def test_unreadable_file_is_told(tmp_path: Path, content: bytes | None):
    path = tmp_path / "c.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="weights cannot be read"):
        checkpoint.load(path)


def test_truncated_file_is_told(tmp_path: Path):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"a": torch.ones(1000)})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="the file is damaged"):
        checkpoint.load(path)


def test_network_is_filled_from_its_file(tmp_path: Path):
    network, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    checkpoint.fill(other, network.state_dict(), tmp_path / "n.safetensors")
    assert torch.equal(other.weight, network.weight) and torch.equal(other.bias, network.bias)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"weight": torch.ones(2, 3)}, r"Missing key\(s\) in state_dict: \"bias\""),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(4)}, r"size mismatch for bias"),
    ],
    ids=["missing", "another shape"],
)
def test_weights_of_another_network_are_told(tmp_path: Path, state: dict, reason: str):
    path = tmp_path / "n.safetensors"
    told = rf"the weights are of another network than the file's configuration[\s\S]*{path}: {reason}"
    with pytest.raises(UserError, match=told):
        checkpoint.fill(torch.nn.Linear(3, 2), state, path)
