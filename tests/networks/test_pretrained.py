"""Backbones that start from files: torchvision's and timm's weights, other sizes, and each wrong file."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from purereid.errors import UserError
from purereid.networks.backbones import build_backbone
from purereid.networks.pretrained import load_pretrained
from purereid.networks.resnet_small import ResNetSmall
from purereid.systems.bot.networks import Encoder
from purereid.vision import torchvision
from saved import save_encoder

State = dict[str, torch.Tensor]
VIT, DINOV2, REGISTERS = "test_vit", "vit_small_patch14_dinov2", "vit_small_patch14_reg4_dinov2"
SWIN = "swin_tiny_patch4_window7_224"
SCALE = {"logit_scale": torch.ones(1)}  # a tensor beside a backbone


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the weights are."""
    return tmp_path / "w.safetensors"


def filled(backbone: torch.nn.Module, file: Path, state: State | None = None) -> State:
    """Give a backbone weights through the file; what it holds then."""
    if state is not None:
        save_file(state, file)
    load_pretrained(backbone, str(file), hashlib.sha256(file.read_bytes()).hexdigest().upper())
    return getattr(backbone, "network", backbone).state_dict()


def random_state(state: State) -> State:
    """Tensors of the same names and shapes, none of which a network starts with."""
    generator = torch.Generator().manual_seed(1)
    draw = {name: torch.rand(tensor.shape, generator=generator) for name, tensor in state.items()}
    return {name: draw[name].to(tensor.dtype) for name, tensor in state.items()}


def of_torchvision(name: str) -> State:
    with torch.device("meta"):
        state = getattr(torchvision.models, name)(weights=None).state_dict()
    return random_state(state)


def of_timm(name: str, **options) -> State:
    """The state of a whole model of timm, with its classifier."""
    with torch.device("meta"):
        state = pytest.importorskip("timm").create_model(name, **options).state_dict()
    return random_state(state)


def assert_taken(found: State, given: State, apart: tuple[str, ...] = ()) -> None:
    """Every tensor of the network is that of the file, but for some that were resampled."""
    assert [name for name in found if not torch.equal(found[name], given[name])] == list(apart)


# --- weights that fit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_weights_of_a_whole_torchvision_model_are_taken(file: Path, name: str):
    state = of_torchvision(name)
    assert_taken(filled(build_backbone(name)[0], file, state), state)


def test_weights_without_counters_of_batch_normalisation_are_taken(file: Path):
    state = ResNetSmall().state_dict()
    given = random_state({name: tensor for name, tensor in state.items() if "num_batches" not in name})
    found = filled(build_backbone("resnet_small")[0], file, given)
    assert_taken({name: found[name] for name in given}, given)


def test_half_precision_is_widened(file: Path):
    half = {name: tensor.half() for name, tensor in of_timm(VIT).items()}
    found = filled(build_backbone(f"timm:{VIT}", 1, 160, 160)[0], file, half)
    assert found["cls_token"].dtype == torch.float32
    assert_taken(found, {name: tensor.float() for name, tensor in half.items()})


@pytest.mark.parametrize("own_pooling", [True, False])
@pytest.mark.parametrize("name", [VIT, "test_vit2", "test_vit3", "test_convnext", "test_resnet"])
def test_weights_of_the_same_size_are_taken_as_they_are(file: Path, name: str, own_pooling: bool):
    state = of_timm(name, **({"img_size": (64, 32)} if "vit" in name else {}))
    backbone, _ = build_backbone(f"timm:{name}", 1, 64, 32, own_pooling=own_pooling)
    assert_taken(filled(backbone, file, state), state)


def test_windows_of_the_same_size_are_taken_as_they_are(file: Path):
    state = of_timm(SWIN, img_size=(64, 32))
    assert_taken(filled(build_backbone(f"timm:{SWIN}", 1, 64, 32)[0], file, state), state)


@pytest.mark.parametrize(
    ("name", "old", "size"),
    [
        (VIT, 10, (256, 128)),
        (VIT, 10, (64, 32)),
        (VIT, 10, (320, 80)),  # as many patches in another grid
        (DINOV2, 37, (252, 126)),
        (REGISTERS, 37, (56, 28)),  # whose table has no entries for the tokens
    ],
)
def test_position_table_of_a_transformer_is_resampled(file: Path, name: str, old: int, size: tuple[int, int]):
    state = of_timm(name)
    found = filled(build_backbone(f"timm:{name}", 1, *size)[0], file, state)
    patch, table, tokens = state["patch_embed.proj.weight"].shape[-1], state["pos_embed"], int(name != REGISTERS)
    grid = table[:, tokens:].reshape(1, old, old, -1).permute(0, 3, 1, 2)
    new = (size[0] // patch, size[1] // patch)
    grid = functional.interpolate(grid, new, mode="bicubic", antialias=True).flatten(2).transpose(1, 2)
    torch.testing.assert_close(found["pos_embed"], torch.cat([table[:, :tokens], grid], dim=1))
    assert_taken(found, state, ("pos_embed",))


@pytest.mark.parametrize("size", [(256, 128), (64, 32)])
def test_bias_tables_of_windows_are_resampled(file: Path, size: tuple[int, int]):
    state = of_timm(SWIN)
    found = filled(build_backbone(f"timm:{SWIN}", 1, *size)[0], file, state)
    from timm.layers import resize_rel_pos_bias_table

    smaller = []
    for stage, block in [(stage, block) for stage, depth in enumerate((2, 2, 6, 2)) for block in range(depth)]:
        name = f"layers.{stage}.blocks.{block}.attn.relative_position_bias_table"
        window = tuple(min(7, side // (4 * 2**stage)) for side in size)
        shape = ((2 * window[0] - 1) * (2 * window[1] - 1), state[name].shape[1])
        torch.testing.assert_close(found[name], resize_rel_pos_bias_table(state[name], window, shape))
        smaller += [name] if window != (7, 7) else []
    assert len(smaller) == {256: 2, 64: 10}[size[0]]
    assert_taken(found, state, tuple(smaller))


def test_patch_filters_of_another_size_are_resampled(file: Path):
    state = of_timm(VIT, patch_size=32)
    found = filled(build_backbone(f"timm:{VIT}", 1, 64, 32)[0], file, state)["patch_embed.proj.weight"]
    from timm.layers import resample_patch_embed

    torch.testing.assert_close(found, resample_patch_embed(state["patch_embed.proj.weight"], [16, 16]))


def test_features_of_resampled_weights_are_those_of_timms_resized_model(file: Path):
    model = pytest.importorskip("timm").create_model("vit_tiny_patch16_224", num_classes=0)
    backbone, _ = build_backbone("timm:vit_tiny_patch16_224", 1, 256, 128, own_pooling=True)
    filled(backbone, file, model.state_dict())
    model.set_input_size((256, 128))
    images = torch.rand(2, 3, 256, 128)
    with torch.inference_mode():
        torch.testing.assert_close(backbone.eval()(images), model.eval()(images))


# --- weights that do not fit ------------------------------------------------------------------------------------------


def refused(name: str, file: Path, state: State | None = None) -> str:
    """The message."""
    with pytest.raises(UserError) as error:
        filled(build_backbone(name, 1, 64, 32)[0], file, state)
    assert str(file) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("backbone", "kind"), [("resnet18", "deeper"), ("resnet50", "shallower")])
def test_weights_of_another_torchvision_model_are_told(file: Path, backbone: str, kind: str):
    message = refused(backbone, file, of_torchvision("resnet34"))
    assert f"the weights are of a {kind} network" in message and "train_reid.backbone" in message


@pytest.mark.parametrize(
    ("backbone", "options", "facts"),
    [
        (VIT, {"depth": 13}, ["a deeper network", "they have blocks.6, blocks.7"]),
        (VIT, {"embed_dim": 128}, ["a wider network", "cls_token is 1 x 1 x 128 instead of 1 x 1 x 64"]),
        (VIT, {"img_size": (96, 64)}, ["another input size", "pos_embed is 1 x 25 x 64"]),
        (SWIN, {"depths": (2, 2, 7, 2)}, ["a deeper network", "layers.2.blocks.6"]),
    ],
)
def test_weights_of_another_timm_model_are_told(file: Path, backbone: str, options: dict, facts: list[str]):
    message = refused(f"timm:{backbone}", file, of_timm(backbone, **options))
    assert [fact for fact in facts if fact not in message] == [], message


@pytest.mark.parametrize(
    ("backbone", "prefix"), [("resnet18", "module."), (f"timm:{VIT}", "model.backbone."), (f"timm:{VIT}", "encoder/")]
)
def test_prefix_is_told_and_the_advice_takes_it_off(file: Path, backbone: str, prefix: str):
    state = of_timm(VIT) if backbone.startswith("timm:") else of_torchvision(backbone)
    message = refused(backbone, file, {f"{prefix}{name}": tensor for name, tensor in state.items()} | SCALE)
    assert f"have the prefix '{prefix}'" in message
    follow(message, file)
    filled(build_backbone(backbone, 1, 64, 32)[0], file)


def test_prefix_of_another_networks_weights_is_told_with_their_kind(file: Path):
    prefixed = {f"module.{name}": tensor for name, tensor in of_torchvision("resnet34").items()}
    message = refused("resnet18", file, prefixed)
    assert "a deeper network: they have layer1.2," in message and "module." in message


@pytest.mark.parametrize("name", ["resnet_small", f"timm:{VIT}"])
def test_backbone_of_an_encoder_of_this_workflow_can_be_taken_out(file: Path, name: str):
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    model = Encoder(backbone=name, last_stride=1, bnneck=True, pids=[1, 2], height=64, width=32)
    save_encoder(file, model)
    follow(refused(name, file), file)
    backbone, _ = build_backbone(name, 1, 64, 32)
    filled(backbone, file)
    assert_taken(backbone.state_dict(), model.backbone.state_dict())


def follow(message: str, file: Path) -> None:
    """Do to the file what the message says."""
    call = message[message.index("save_file(") : message.index(", NEW_FILE)")]
    eval(f"{call}, file)", {"save_file": save_file, "load_file": load_file, "file": file})


def test_unreadable_files_are_told(file: Path):
    network = build_backbone("resnet_small")[0]
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_pretrained(network, str(file), "0" * 64)
    save_file(network.state_dict(), file)
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(UserError, match=rf"another checksum[\s\S]*set train_reid.weights_sha256 to {checksum}"):
        load_pretrained(network, str(file), "0" * 64)
    assert "holds no tensors" in refused("resnet_small", file, {})
    for content in (b"", b"PK\x03\x04 a pickled file"):
        file.write_bytes(content)
        message = refused("resnet_small", file)
        assert "not readable" in message and "pickled .pth files are not loaded" in message
