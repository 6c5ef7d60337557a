import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision.transforms.functional import normalize

from ablate.errors import UsageError
from ablate.models import unet_resnet50

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def build(seed=0, width=4, encoder_weights="none", freeze_encoder=False):
    torch.manual_seed(seed)
    return unet_resnet50.build(width=width, encoder_weights=encoder_weights, freeze_encoder=freeze_encoder).eval()


def features_seen(network, image_b3hw):
    seen = []
    network.encoder.register_forward_hook(lambda _module, _inputs, output: seen.extend(output))
    network(image_b3hw)
    return seen


def weights_with_classifier(width):
    """A state dict as published: the encoder's weights and a classifier, which the network has no use for."""
    return {**build(seed=7, width=width).encoder.state_dict(), "fc.weight": torch.zeros(2, 2), "fc.bias": torch.ones(2)}


def test_parameters_at_width_64():
    assert sum(parameter.numel() for parameter in build(width=64).parameters()) == 32_521_105


@pytest.mark.parametrize("width", [64, 16])
def test_encoder_weights_have_the_names_of_timm_and_torchvision(width):
    published = set(timm.create_model("resnet50").state_dict()) - {"fc.weight", "fc.bias"}
    assert set(build(width=width).encoder.state_dict()) == published


def test_width_scales_every_level():
    seen = features_seen(build(width=16), torch.rand(1, 3, 64, 64))
    assert [tuple(features.shape[1:]) for features in seen] == [
        (16, 32, 32),
        (64, 16, 16),
        (128, 8, 8),
        (256, 4, 4),
        (512, 2, 2),
    ]


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_encoder_weights_are_read_from_a_file(tmp_path, suffix):
    path, weights = tmp_path / f"weights.{suffix}", weights_with_classifier(width=4)
    save_file(weights, path) if suffix == "safetensors" else torch.save(weights, path)
    loaded = build(encoder_weights=str(path)).encoder.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in loaded.items())


def test_imagenet_weights_in_the_cache_are_used_as_timm_uses_them(tmp_path, monkeypatch):
    torch.manual_seed(3)
    published = timm.create_model("resnet50")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "resnet50-0676ba61.pth"
    path.parent.mkdir(parents=True)
    torch.save(published.state_dict(), path)

    build(width=64, encoder_weights="imagenet")
    image_b3hw = torch.rand(1, 3, 64, 64)
    seen = features_seen(build(width=64, encoder_weights="imagenet"), image_b3hw)
    expected = published.eval().forward_features(normalize(image_b3hw, IMAGENET_MEAN, IMAGENET_STD))
    torch.testing.assert_close(seen[-1], expected)


def test_without_network_the_error_names_both_ways_out(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(UsageError, match=r"trial\.encoder_weights=FILE .* trial\.encoder_weights=none"):
        build(width=64, encoder_weights="imagenet")


@pytest.mark.parametrize("choice", ["none", "mine.pth"])
def test_other_choices_fetch_nothing(choice, tmp_path, monkeypatch):
    if choice != "none":
        torch.save(weights_with_classifier(width=4), choice := str(tmp_path / choice))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # whoever asks the network, fails
    monkeypatch.delenv("no_proxy", raising=False)
    build(encoder_weights=choice)
    assert not (tmp_path / "torch").exists()


def test_imagenet_weights_fit_one_width():
    with pytest.raises(UsageError, match=r"trial\.width=16: .*type trial\.width=64"):
        build(width=16, encoder_weights="imagenet")


def test_weights_of_another_width_are_refused(tmp_path):
    path = tmp_path / "narrow.safetensors"
    save_file(weights_with_classifier(width=2), path)
    with pytest.raises(
        UsageError, match=r"narrow\.safetensors: not the weights of a ResNet-50 of trial\.width=4: size"
    ):
        build(encoder_weights=str(path))


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(UsageError, match="not the weights of a ResNet-50"):
        build(encoder_weights=str(path))


@pytest.mark.parametrize("name", ["broken.safetensors", "broken.pth"])
def test_a_file_that_holds_no_weights_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"not weights at all")
    with pytest.raises(UsageError, match="cannot be read as a weights file"):
        build(encoder_weights=str(tmp_path / name))


def test_a_file_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no such file"):
        build(encoder_weights=str(tmp_path / "absent.pth"))


def test_a_frozen_encoder_stays_as_it_is_and_the_decoder_learns():
    network = build(freeze_encoder=True).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([each for each in network.parameters() if each.requires_grad], lr=0.1)
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith("decoder") for name in changed)
    assert not any(name.startswith("encoder") for name in changed)


class Harmful:
    """What runs when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("kind", ["pickle", "list", "number", "network", "text"])
def test_a_file_that_holds_no_weights_is_a_line_and_nothing_in_it_runs(tmp_path, kind):
    path, victim = tmp_path / "weights.pth", tmp_path / "victim"
    content = {
        "pickle": {"conv1.weight": Harmful(str(victim))},
        "list": [torch.zeros(1)],
        "number": {"state_dict": 3},
        "network": torch.nn.Linear(1, 1),
    }
    torch.save(content[kind], path) if kind in content else path.write_text("weights")
    with pytest.raises(UsageError, match=r"encoder_weights=.*weights\.pth: ") as refused:
        build(encoder_weights=str(path))
    assert len(str(refused.value).splitlines()) == 1
    assert not victim.exists()
