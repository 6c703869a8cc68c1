"""Networks by role in one file: each is rebuilt from its configuration, whoever wrote it."""

from pathlib import Path

import pytest
import torch

from purereid.data import checkpoint
from purereid.errors import UserError
from purereid.networks.network_file import load_network, read_about, save_networks
from purereid.systems.posegan.networks import Discriminator, Generator


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": Generator(height=32, width=16, channels=4, blocks=1),
        "discriminator_pose": Discriminator(inputs=9, channels=4, blocks=1),
    }


@pytest.fixture
def path(tmp_path: Path, networks: dict) -> Path:
    save_networks(tmp_path / "n.safetensors", networks, system="posegan", stage="generator", about={"pairs": 7})
    return tmp_path / "n.safetensors"


def test_each_role_is_rebuilt(path: Path, networks: dict):
    for role, network in networks.items():
        again = load_network(path, role)
        assert type(again) is type(network) and again.configuration == network.configuration and not again.training
        assert all(torch.equal(again.state_dict()[name], value) for name, value in network.state_dict().items())
    assert read_about(path) == {"pairs": 7}


def test_equal_networks_give_equal_bytes(path: Path, networks: dict, tmp_path: Path):
    save_networks(tmp_path / "m.safetensors", networks, system="posegan", stage="generator", about={"pairs": 7})
    assert path.read_bytes() == (tmp_path / "m.safetensors").read_bytes()


def test_only_the_tensors_of_the_role_are_read(path: Path, networks: dict, monkeypatch: pytest.MonkeyPatch):
    read = []

    class Opened:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            self.file = self.file.__enter__()
            return self

        def __exit__(self, *failure):
            return self.file.__exit__(*failure)

        def metadata(self):
            return self.file.metadata()

        def get_tensor(self, name):
            read.append(name)
            return self.file.get_tensor(name)

    opened = checkpoint.safe_open
    monkeypatch.setattr(checkpoint, "safe_open", lambda *arguments: Opened(opened(*arguments)))
    load_network(path, "discriminator_pose")
    assert len(read) == len(networks["discriminator_pose"].state_dict())


def test_a_role_that_is_not_there_is_told_with_those_that_are(path: Path):
    with pytest.raises(UserError, match=r"the file holds no encoder[\s\S]*generator, discriminator_pose"):
        load_network(path, "encoder")


def test_a_file_of_something_else_is_told(tmp_path: Path):
    checkpoint.save(tmp_path / "c.safetensors", {"a": torch.ones(1)}, stamp="x")
    with pytest.raises(UserError, match="the file holds no networks"):
        load_network(tmp_path / "c.safetensors", "encoder")
    (tmp_path / "d.safetensors").write_bytes(b"half a file")
    with pytest.raises(UserError, match="weights cannot be read"):
        load_network(tmp_path / "d.safetensors", "encoder")
    with pytest.raises(UserError, match="weights cannot be read"):
        read_about(tmp_path / "nowhere.safetensors")


def test_a_system_that_is_not_there_is_told(tmp_path: Path, networks: dict):
    save_networks(tmp_path / "n.safetensors", networks, system="elsewhere", stage="generator")
    with pytest.raises(UserError, match=r"of the system elsewhere, which has no generator here"):
        load_network(tmp_path / "n.safetensors", "generator")


def test_weights_of_another_network_than_the_configuration_are_told(tmp_path: Path, networks: dict):
    networks["generator"].configuration |= {"blocks": 2}
    save_networks(tmp_path / "n.safetensors", networks, system="posegan", stage="generator")
    with pytest.raises(UserError, match="the weights are of another network than the file's configuration"):
        load_network(tmp_path / "n.safetensors", "generator")
