import math
import pickle

import cv2
import numpy as np
import pydantic
import pytest
import safetensors.numpy
import torch

from ablate.errors import UsageError
from datasets import translate
from datasets.translate import Domains, cut
from datasets.translate.contrastive import batches
from datasets.translate.contrastive import training as _training
from datasets.translate.contrastive.networks import Discriminator, Generator, Heads, halve
from datasets.translate.contrastive.training import least_squares, patch_nce

TINY = cut.Parameters(images=6, batch=2, size=32, width=2, blocks=1)


def noise(count, shape=(40, 48), seed=0):
    return list(np.random.default_rng(seed).integers(0, 256, (count, *shape, 3), dtype=np.uint8))


def domains(folder=None, seed=0, report=lambda line: None):
    return Domains(noise(3, seed=1), noise(4, seed=2), seed, folder, report)


def training(mode="cut", seed=0, **options):
    values = {"size": 32, "width": 2, "blocks": 1, "lambda_nce": 1.0, "device": torch.device("cpu")} | options
    return _training.Training(mode, seed=seed, **values)


def images(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def count(network):
    return sum(weight.numel() for weight in network.parameters())


# Losses


def test_patch_nce_is_the_mean_surprise_at_the_right_place():
    rng = np.random.default_rng(0)
    queries, keys = ([rng.normal(size=(2, p, 5)) for p in (4, 7)] for _ in range(2))
    expected = np.zeros(2)
    for query, key in zip(queries, keys, strict=True):
        for image in range(2):
            places = query.shape[1]
            for place in range(places):
                alike = [math.exp(query[image, place] @ key[image, other] / 0.07) for other in range(places)]
                expected[image] -= math.log(alike[place] / sum(alike)) / places / 2
    found = patch_nce([torch.from_numpy(q) for q in queries], [torch.from_numpy(k) for k in keys])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_patch_nce_knows_nothing_of_equal_patches_and_all_of_orthogonal_ones():
    same = torch.ones(1, 8, 4) / 2
    assert patch_nce([same], [same]).item() == pytest.approx(math.log(8))
    apart = torch.eye(8)[None]
    assert patch_nce([apart], [apart]).item() == pytest.approx(math.log(1 + 7 * math.exp(-1 / 0.07)), abs=1e-6)


def test_negatives_come_from_the_same_image_and_keys_are_not_learned():
    query, key = (images(2, 6, 4, seed=s).requires_grad_() for s in range(2))
    together = patch_nce([query], [key])
    apart = [patch_nce([query[i : i + 1]], [key[i : i + 1]]) for i in range(2)]
    torch.testing.assert_close(together, torch.cat(apart))
    together.sum().backward()
    assert query.grad is not None
    assert key.grad is None


def test_least_squares_is_the_mean_squared_distance_from_one_or_zero():
    answers = torch.tensor([0.0, 1.0, 3.0])
    assert least_squares(answers, True).item() == pytest.approx((1 + 0 + 4) / 3)
    assert least_squares(answers, False).item() == pytest.approx((0 + 1 + 9) / 3)


# Networks


def test_the_networks_have_the_papers_sizes():
    assert count(Generator(64, 9)) == pytest.approx(11.4e6, rel=0.02)
    assert count(Discriminator()) == pytest.approx(2.8e6, rel=0.02)
    heads = Heads(Generator(64, 9).feature_channels)
    assert count(heads) == sum(256 * (channels + 1) + 256 * 257 for channels in (3, 128, 256, 256, 256))


def test_features_are_pixels_two_halvings_and_two_residual_blocks():
    generator, image = Generator(4, 9), images(2, 3, 32, 48)
    out, features = generator.translate(image)
    assert out.shape == image.shape
    assert [tuple(f.shape) for f in features] == [
        (2, 3, 32, 48),
        (2, 8, 32, 48),
        (2, 16, 16, 24),
        (2, 16, 8, 12),
        (2, 16, 8, 12),
    ]
    assert (features[0] == image).all()
    for here, there in zip(generator.features(image), features, strict=True):
        torch.testing.assert_close(here, there)
    assert generator.feature_channels == (3, 8, 16, 16, 16)
    assert len(Generator(4, 1).features(image)) == len(Generator(4, 1).feature_channels) == 4
    assert len(Generator(4, 3).features(image)) == 5


def seen_by(answer_of, side, monkeypatch):
    """How many columns of a picture one answer depends on, by gradients; norms left out, which see all of it."""
    monkeypatch.setattr(torch.nn.functional, "instance_norm", lambda x: x)
    monkeypatch.setattr(torch.nn.functional, "relu", lambda x: x)
    image = images(1, 3, side, side).double().requires_grad_()
    answer_of(image).backward()
    return int((image.grad.abs().sum(dim=(0, 1, 2)) > 0).sum())


def test_the_features_see_what_the_paper_says(monkeypatch):
    generator = Generator(2, 9).double()
    sizes = []
    for layer in range(5):

        def middle(image, layer=layer):
            feature = generator.features(image)[layer]
            return feature[0, 0, feature.shape[2] // 2, feature.shape[3] // 2]

        sizes.append(seen_by(middle, 128, monkeypatch))
    assert sizes == [1, 9, 15, 35, 99]  # appendix C


def test_the_discriminator_sees_patches_of_70_pixels_and_7_more_through_its_blurs(monkeypatch):
    network = Discriminator(2).double()
    assert seen_by(lambda image: network(image)[0, 0, 8, 8], 160, monkeypatch) == 70 + 2 * 7
    monkeypatch.setattr("datasets.translate.contrastive.networks.halve", lambda x: x[:, :, ::2, ::2])
    assert seen_by(lambda image: network(image)[0, 0, 8, 8], 160, monkeypatch) == 70


@pytest.mark.parametrize("side", [7, 8])
def test_halving_blurs_first(side):
    image = np.random.default_rng(0).normal(size=(side, side))
    padded = np.pad(image, 1, mode="reflect")
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    rows = range(0, side, 2)
    expected = [[(padded[y : y + 3, x : x + 3] * kernel).sum() for x in rows] for y in rows]
    np.testing.assert_allclose(halve(torch.from_numpy(image)[None, None])[0, 0].numpy(), expected)


def test_heads_give_vectors_of_length_one_of_the_right_pixels():
    heads, feature = Heads([2]), images(2, 2, 3, 4)
    vectors = heads([feature], [torch.tensor([0, 7])])[0]
    assert vectors.shape == (2, 2, 256)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2, 2))
    raw = heads.heads[0](feature[:, :, 1, 3])
    torch.testing.assert_close(vectors[:, 1], raw / raw.norm(dim=-1, keepdim=True))


# Batches


def test_image_n_follows_from_the_seed_and_n_alone():
    def windows(numbers, count, memory=1 << 30, seed=0):
        source, target = (batches.PictureSampler(noise(5, (80, 70), s), 32, seed, memory) for s in (1, 2))
        made = batches.prefetched(
            lambda number: batches.batch(number, count, source, target, seed, [(64, 8)]), range(0, numbers, count)
        )
        return list(made)

    pairs, again, single = windows(12, 2), windows(12, 2, memory=0), windows(12, 1)
    for one, other in zip(pairs, again, strict=True):
        for field in ("source_bhw3", "target_bhw3", "flip_b"):
            assert (getattr(one, field) == getattr(other, field)).all()
        assert (one.positions[0] == other.positions[0]).all()
    assert (np.concatenate([b.source_bhw3 for b in pairs]) == np.concatenate([b.source_bhw3 for b in single])).all()
    assert pairs[0].source_bhw3.shape == (2, 32, 32, 3)
    assert len(set(pairs[0].positions[0].tolist())) == 8
    assert not (windows(2, 2, seed=1)[0].source_bhw3 == pairs[0].source_bhw3).all()


def test_all_pictures_are_seen_once_before_one_is_seen_again():
    pictures = [np.full((40, 40, 3), value, dtype=np.uint8) for value in range(7)]
    deck = batches.PictureSampler(pictures, 32, 0, 0)
    drawn = [int(deck.window(number, 0)[0, 0, 0]) for number in range(21)]
    assert [sorted(drawn[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3
    assert drawn[:7] != drawn[7:14]


# Training


def one_batch(trained, size=32, seed=0):
    source, target = (batches.PictureSampler(noise(4, seed=s), size, seed, 0) for s in (1, 2))
    return batches.batch(0, 2, source, target, seed, trained.grids)


def test_few_pixels_are_all_compared_and_of_many_256():
    assert training(size=32, blocks=5).grids == [(1024, 256), (1024, 256), (256, 256), (64, 64), (64, 64)]
    assert training(size=64).grids == [(4096, 256), (4096, 256), (1024, 256), (256, 256)]


def test_the_rate_is_constant_and_then_falls_to_zero():
    assert [_training.rate_factor(seen, 100) for seen in (0, 25, 50, 75, 99)] == pytest.approx([1, 1, 1, 0.5, 0.02])


@pytest.mark.parametrize(("mode", "translated_images", "identity"), [("cut", 4, True), ("fastcut", 2, False)])
def test_identity_belongs_to_cut_and_flips_to_fastcut(mode, translated_images, identity, monkeypatch):
    trained = training(mode)
    batch = one_batch(trained)
    batch = batches.Batch(batch.source_bhw3, batch.target_bhw3, np.array([True, False]), batch.positions)
    given, kept = [], trained.generator.translate
    monkeypatch.setattr(trained.generator, "translate", lambda image: given.append(image.clone()) or kept(image))
    trained.step(batch, 1e-4)
    source, target = (_training.to_tensor(x, trained.device) for x in (batch.source_bhw3, batch.target_bhw3))
    (image,) = given
    assert len(image) == translated_images
    assert (trained.losses()["identity"] > 0) == identity
    if mode == "cut":
        assert (image == torch.cat([source, target])).all()
    else:
        assert (image[0] == source[0].flip(-1)).all()
        assert (image[1] == source[1]).all()


def test_flipped_features_are_flipped_back(monkeypatch):
    """A generator that changes nothing leaves each patch in its place, mirrored or not."""
    trained, compared = training("fastcut"), []
    scale = torch.ones((), requires_grad=True)
    monkeypatch.setattr(trained.generator, "forward", lambda image: image * scale)
    monkeypatch.setattr(trained.generator, "features", lambda image: [image])
    monkeypatch.setattr(trained.heads, "forward", lambda features, positions: features)

    def record(queries, keys):
        compared.append((queries[0].detach(), keys[0]))
        return queries[0].mean(dim=(1, 2, 3))

    monkeypatch.setattr(_training, "patch_nce", record)
    batch = one_batch(trained)
    trained.step(batches.Batch(batch.source_bhw3, batch.target_bhw3, np.array([True, False]), batch.positions), 1e-4)
    ((query, key),) = compared
    assert (query == key).all()
    assert (key == _training.to_tensor(batch.source_bhw3, trained.device)).all()


@pytest.mark.parametrize("mode", ["cut", "fastcut"])
def test_a_step_in_bfloat16_is_nearly_one_in_float32(mode, monkeypatch):
    """The GPU's path, as far as a CPU can follow it."""
    gradients = []
    for bfloat16 in (False, True):
        autocast = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)
        monkeypatch.setattr(_training, "autocast", lambda device, autocast=autocast: autocast)
        trained = training(mode, width=8)
        trained.step(one_batch(trained), 1e-9)
        weights = [weight for network in trained._networks for weight in network.parameters() if weight.ndim > 1]
        assert all(weight.grad is not None for weight in weights)
        gradients.append(torch.cat([weight.grad.flatten() for weight in weights]))
        assert all(map(math.isfinite, trained.losses().values()))
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.95


def test_the_papers_weights():
    assert _training.LAMBDA_NCE == {"cut": 1, "fastcut": 10}


class KilledError(Exception):
    pass


def killed_after(steps, monkeypatch):
    step, done = _training.Training.step, []

    def until(self, batch, rate):
        if len(done) == steps:
            raise KilledError
        done.append(rate)
        step(self, batch, rate)

    monkeypatch.setattr(_training.Training, "step", until)
    return done


@pytest.mark.parametrize("mode", ["cut", "fastcut"])
def test_resuming_equals_never_having_stopped(mode, tmp_path, monkeypatch):
    parameters = TINY.model_copy(update={"mode": mode, "images": 11})
    undisturbed = cut.fit(domains(), parameters)
    with monkeypatch.context() as patch:
        killed_after(4, patch)
        with pytest.raises(KilledError):
            cut.fit(domains(tmp_path), parameters)
    assert (tmp_path / "cut.ckpt").is_file()
    lines = []
    with monkeypatch.context() as patch:
        rates = killed_after(99, patch)
        resumed = cut.fit(domains(tmp_path, report=lines.append), parameters)
    assert len(rates) == 2
    assert "resuming after 8 of 11 images" in lines[1]
    assert resumed.digest == undisturbed.digest
    for name, weights in undisturbed.weights.items():
        assert (resumed.weights[name] == weights).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.jpg", "cut.safetensors"]


def test_a_finished_training_is_taken_and_another_is_not(tmp_path, monkeypatch):
    first = cut.fit(domains(tmp_path), TINY)
    with monkeypatch.context() as patch:
        killed_after(0, patch)
        again = cut.fit(domains(tmp_path), TINY)
        assert again.digest == first.digest
        assert pickle.dumps(again) == pickle.dumps(first)  # chunks that were translated before stay finished
        for others, parameters in (
            (domains(tmp_path, seed=1), TINY),
            (domains(tmp_path), TINY.model_copy(update={"lambda_nce": 2.0})),
            (Domains(noise(3, seed=1), noise(4, seed=5), 0, tmp_path, print), TINY),
        ):
            with pytest.raises(KilledError):
                cut.fit(others, parameters)


def test_another_trainings_checkpoint_is_left_alone(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        killed_after(2, patch)
        with pytest.raises(KilledError):
            cut.fit(domains(tmp_path), TINY)
    lines = []
    found = cut.fit(domains(tmp_path, seed=3, report=lines.append), TINY)
    assert not any("resuming" in line for line in lines)
    assert found.digest == cut.fit(domains(seed=3), TINY).digest


@pytest.mark.parametrize("folder", [True, False])
def test_a_training_that_diverges_stops_and_keeps_its_last_good_state(folder, tmp_path, monkeypatch):
    step, seen = _training.Training.step, []

    def poisoned(self, batch, rate):
        step(self, batch, rate)
        seen.append(None)
        if len(seen) == 3:  # the losses of this step are still numbers
            self.generator.head.bias.data[0] = math.nan

    monkeypatch.setattr(_training.Training, "step", poisoned)
    kept = "state after 4 images is kept in .*cut.ckpt" if folder else "none is kept"
    with pytest.raises(UsageError, match=rf"after 6 of 12 images.*{kept}.*learning_rate=5e-05"):
        cut.fit(domains(tmp_path if folder else None), TINY.model_copy(update={"images": 12}))
    if folder:
        state = torch.load(tmp_path / "cut.ckpt", weights_only=True)
        assert state["seen"] == 4
        assert all(weight.isfinite().all() for network in state["networks"] for weight in network.values())


def test_a_loss_that_is_not_finite_stops(monkeypatch):
    monkeypatch.setattr(_training, "least_squares", lambda answers, real: answers.mean() * math.inf)
    with pytest.raises(UsageError, match="no longer finite"):
        cut.fit(domains(), TINY)


def test_progress_and_samples_are_told(tmp_path):
    lines = []
    cut.fit(domains(tmp_path, report=lines.append), TINY)
    assert len(lines) == 4
    assert "3 source and 4 target pictures" in lines[0]
    assert "6 of 6 images" in lines[-1]
    assert "images/s, 0:00:00 left; losses: discriminator " in lines[-1]
    sheet = cv2.imdecode(np.frombuffer((tmp_path / "cut.jpg").read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (4 * 32, 6 * 32, 3)


# Bad input


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (noise(3), noise(1), "3 source and 1 target pictures; .* at least 1 and 2"),
        ([], noise(3), "0 source"),
        (noise(3), [*noise(2), *noise(1, (39, 90))], "target picture 3 .* 39 pixels.*translator_options=cut.size=36"),
        ([*noise(1), *noise(1, (30, 90))], noise(3), "source picture 2 .* 30 pixels.*leave it out"),
    ],
)
def test_pictures_that_cannot_be_learned_from_are_one_line(source, target, message):
    with pytest.raises(UsageError, match=message) as raised:
        cut.fit(Domains(source, target, report=lambda line: None), TINY.model_copy(update={"size": 40}))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("size=66", "size=66: must be a multiple of 4 and at least 32; type size=64"),
        ("size=16", "type size=32"),
        ("images=0", "greater than or equal to 1"),
        ("mode=cyclegan", "'cut' or 'fastcut'"),
        ("learning_rate=0", "greater than 0"),
    ],
)
def test_a_wrong_parameter_is_one_line(option, message):
    with pytest.raises(UsageError, match=message):
        translate.choose("cut", [option])
    with pytest.raises(pydantic.ValidationError):
        cut.Parameters(size=66)


def test_the_identity_tells_all_parameters():
    assert translate.choose("cut", ["mode=fastcut"]).identity == (
        "cut@batch=1,blocks=9,images=150000,lambda_nce=None,learning_rate=0.0002,mode=fastcut,size=256,width=64"
    )


# Translation


@pytest.mark.parametrize("size", [(8, 8), (9, 9), (17, 31), (40, 33), (5, 70), (1, 3)])
def test_any_size_is_translated_the_same_in_every_process_and_at_any_thread_count(size):
    fitted = cut.fit(domains(), TINY)
    (image,) = noise(1, size)
    image.flags.writeable = False
    rng = np.random.default_rng(0)
    out = fitted.translate(image, rng)
    assert (out.shape, out.dtype) == (image.shape, np.uint8)
    data = pickle.dumps(fitted)
    assert len(data) < 4 * count(Generator(TINY.width, TINY.blocks)) + 5000
    copy = pickle.loads(data)
    assert copy.digest == fitted.digest
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert (copy.translate(image, rng) == out).all()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_digest_is_that_of_the_weights(tmp_path):
    fitted, other = cut.fit(domains(tmp_path), TINY), cut.fit(domains(seed=1), TINY)
    assert len(fitted.digest) == 12
    assert int(fitted.digest, 16) >= 0
    assert fitted.digest != other.digest
    stored = safetensors.numpy.load_file(tmp_path / "cut.safetensors")
    assert cut.Cut(stored, TINY.width, TINY.blocks).digest == fitted.digest


# Two domains whose answer is known: colours and textures differ, geometry does not


def shape(rng, side):
    """How much of each pixel an ellipse or a polygon covers, (side, side) in [0, 1]."""
    mask = np.zeros((4 * side, 4 * side), dtype=np.uint8)
    centre, radii = rng.uniform(0.44, 0.56, 2) * 4 * side, rng.uniform(0.26, 0.38, 2) * 4 * side
    turn = rng.uniform(0, 360)
    if rng.random() < 0.5:
        cv2.ellipse(mask, tuple(map(int, centre)), tuple(map(int, radii)), turn, 0, 360, 255, -1)
    else:
        corners = int(rng.integers(4, 7))
        angles = (np.arange(corners) + rng.uniform(-0.25, 0.25, corners)) / corners * 2 * np.pi + np.radians(turn)
        points = centre + 1.15 * radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(mask, [points.astype(np.int32)], 255)
    return cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) / 255.0


def stripes(rng, side, period):
    wave = np.sin(np.arange(side) * 2 * np.pi / period + rng.uniform(0, 2 * np.pi))
    return np.broadcast_to(wave, (side, side))


def painted(rng, side, domain):
    """A picture and its mask: striped red on rough blue, or rough yellow on green striped the other way."""
    cover, rough = shape(rng, side), rng.normal(size=(side, side))
    if domain == "source":
        colours, textures = [(200, 60, 50), (60, 80, 190)], [18 * stripes(rng, side, 6).T, 8 * rough]
    else:
        colours, textures = [(235, 200, 80), (50, 120, 60)], [10 * rough, 18 * stripes(rng, side, 5)]
    front, back = (np.array(c) + t[..., None] for c, t in zip(colours, textures, strict=True))
    image = cover[..., None] * front + (1 - cover[..., None]) * back + rng.uniform(-10, 10)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), cover > 0.5


def gallery(seed, count, domain, side=32):
    pairs = [painted(np.random.default_rng((seed, number)), side, domain) for number in range(count)]
    return [image for image, _ in pairs], [mask for _, mask in pairs]


def colours(pictures):
    """Mean and deviation of each channel."""
    pixels = np.stack(pictures).reshape(-1, 3).astype(float)
    return np.concatenate([pixels.mean(axis=0), pixels.std(axis=0)])


def colour_rule(pictures, masks):
    """What tells shape from ground in the target: which mean colour is nearer, of shapes or of grounds."""
    pixels, inside = np.stack(pictures).astype(float), np.stack(masks)
    shapes, grounds = pixels[inside].mean(axis=0), pixels[~inside].mean(axis=0)
    return lambda picture: np.linalg.norm(picture - shapes, axis=2) < np.linalg.norm(picture - grounds, axis=2)


def moved_and_kept(translator, seed):
    """The share of the way to the target's colours, and the mean IoU of shapes found in translations."""
    target, target_masks = gallery((2, seed), 200, "target")
    source, masks = gallery((3, seed), 64, "source")
    found = colour_rule(target, target_masks)
    assert np.mean([found(picture) == mask for picture, mask in zip(target, target_masks, strict=True)]) > 0.99
    out = [translator.translate(image, np.random.default_rng(0)) for image in source]
    away = [np.linalg.norm(colours(pictures) - colours(target)) for pictures in (out, source)]
    ious = [(found(o) & mask).sum() / (found(o) | mask).sum() for o, mask in zip(out, masks, strict=True)]
    return 1 - away[0] / away[1], float(np.mean(ious))


@pytest.mark.slow
def test_colours_move_to_the_target_and_shapes_stay(tmp_path):
    parameters = cut.Parameters(images=500, batch=2, size=32, width=16, blocks=3, lambda_nce=5, learning_rate=3e-4)
    seed = 0
    source, target = gallery((1, seed), 400, "source")[0], gallery((2, seed), 400, "target")[0]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        translator = cut.fit(Domains(source, target, seed, tmp_path), parameters)
    finally:
        torch.set_num_threads(threads)
    moved, kept = moved_and_kept(translator, seed)
    print(f"colours moved {moved:.1%} of the way, mask IoU {kept:.3f}")
    assert moved >= 0.7
    assert kept > 0.9
