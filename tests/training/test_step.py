"""How a step is carried out changes nothing of what it computes but rounding."""

import logging

import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed
from torch._inductor import config as inductor
from torch.utils._python_dispatch import TorchDispatchMode

from ablate.config import TrialConfig, trial_config
from ablate.data import arrays
from ablate.data import root as data
from ablate.data.devices import prepare_process
from ablate.errors import UsageError
from ablate.training import parts
from ablate.training import step as steps
from ablate.training.loop import Training
from tests import tiny_data

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a deterministic implementation")

CPU, GPU = torch.device("cpu"), torch.device("cuda")
NETWORKS = ("unet", "unet_resnet50", "segnet")
OPTIMIZERS = ("adam", "adamw", "sgd")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture(autouse=True)
def prepared():
    prepare_process(1)


def training(root, device, execution, **fields):
    config = trial_config(tiny_data.TRIAL_DEFAULTS, {"precision": "float32"} | fields)
    train, val = (arrays.load(data.at(str(root)), "crop", split, config.image_size) for split in ("train", "val"))
    return Training(config, train, val, device, execution=execution)


def rows(learner):
    while not learner.finished:
        learner.run_epoch()
    return [(row["train_loss"], row["val_loss"], row["val_iou"]) for row in learner.rows]


class Synchronisations(TorchDispatchMode):
    """Counts what would make the host wait for a GPU: numbers that are read from a tensor."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default}:
            self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("model", NETWORKS)
def test_a_step_reads_nothing_back_from_the_device(model, tiny_root):
    learner = training(tiny_root, CPU, "eager", model=model, optimizer="sgd")
    learner.network.train()
    batch = next(learner._train.feed(torch.arange(4), 4, CPU))
    with Synchronisations() as host:
        for _ in range(3):
            learner._step(*batch)
    assert host.seen == []
    with Synchronisations() as host:
        float(learner._step(*batch))
    assert host.seen, "a number that is read is seen"


# Each epoch multiplies what rounding has changed: a small rate keeps two ways of rounding together.
FIELDS = {"augment": "jitter", "epochs": 3, "learning_rate": 1e-4}


def require_alike(fast, plain):
    torch.testing.assert_close(torch.tensor(fast), torch.tensor(plain), rtol=1e-2, atol=2e-2)


@pytest.mark.slow
@pytest.mark.parametrize("model", NETWORKS)
def test_a_compiled_training_equals_a_plain_one_but_for_rounding(model, tiny_root):
    fields = FIELDS | {"model": model, "optimizer": "sgd", "learning_rate": 1e-2}
    plain, compiled = (training(tiny_root, CPU, execution, **fields) for execution in ("eager", "compiled"))
    require_alike(rows(compiled), rows(plain))
    assert compiled.execution == "compiled"


@needs_gpu
@pytest.mark.parametrize("model", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("execution", ["graph", "compiled"])
def test_a_fast_training_on_a_gpu_equals_a_plain_one_but_for_rounding(execution, optimizer, model, tiny_root):
    fields = FIELDS | {"model": model, "optimizer": optimizer}
    plain, fast = (training(tiny_root, GPU, how, **fields) for how in ("eager", execution))
    require_alike(rows(fast), rows(plain))
    assert fast.execution == execution


@needs_gpu
@pytest.mark.parametrize("execution", ["eager", "graph"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_continued_training_on_a_gpu_goes_on_without_waiting(execution, optimizer, tiny_root):
    whole, second = (training(tiny_root, GPU, execution, epochs=2, optimizer=optimizer) for _ in range(2))
    whole.run_epoch()
    second.restore(whole.state())
    order_n = torch.arange(8)
    batches = list(second._train.feed(order_n, 4, GPU)) * 3  # beyond the recording, which does wait
    for batch in batches[:5]:
        second._step(*batch)
    torch.cuda.set_sync_debug_mode("error")
    try:
        parts.set_rate(second._optimizer, 1e-4)
        second._step(*batches[5])
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_an_optimizer_keeps_how_it_computes_when_it_takes_over_moments():
    network = torch.nn.Linear(3, 2)
    plain, own = (
        parts.build_optimizer(TrialConfig(learning_rate=rate, weight_decay=decay), network, CPU)
        for rate, decay in ((1e-4, 0.0), (1e-2, 0.5))
    )
    network(torch.ones(1, 3)).sum().backward()
    plain.step()
    own.param_groups[0]["fused"] = True
    parts.restore_optimizer(own, plain.state_dict())
    group = own.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["fused"]) == (1e-2, 0.5, True)
    assert all(own.state[each]["step"] == 1 and own.state[each]["exp_avg"].any() for each in network.parameters())


def test_a_rate_on_a_device_is_set_where_it_lies():
    rate = torch.tensor(1.0)
    group = {"params": torch.nn.Linear(1, 1).parameters(), "rate_factor": 0.5}
    optimizer = torch.optim.SGD([group], lr=rate, fused=True)
    parts.set_rate(optimizer, 0.5)
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate == 0.25


@pytest.mark.parametrize(
    ("asked", "config", "device", "taken", "chosen"),
    [
        ("auto", {}, CPU, 10**6, "eager"),
        ("compiled", {}, CPU, 10, "compiled"),
        ("auto", {}, GPU, 10**6, "compiled"),
        ("auto", {}, GPU, 100, "graph"),
        ("auto", {"model": "/nets/mine.py"}, GPU, 10**6, "eager"),
        ("graph", {"model": "/nets/mine.py"}, GPU, 10**6, "graph"),
    ],
)
def test_how_a_step_runs_follows_from_device_length_and_network(asked, config, device, taken, chosen, monkeypatch):
    monkeypatch.setenv("CC", "gcc")
    assert steps.choose(asked, TrialConfig(**config), device, taken) == chosen


def test_without_a_c_compiler_nothing_is_compiled_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    assert steps.choose("auto", TrialConfig(), GPU, 10**6) == "graph"
    assert "no C compiler" in caplog.text


def test_a_graph_without_a_gpu_is_an_error():
    with pytest.raises(UsageError, match="execution=graph: only GPUs have it"):
        steps.choose("graph", TrialConfig(), CPU, 10)


@pytest.fixture
def no_compiler(tmp_path, monkeypatch):
    """The compiler of what `torch.compile` writes is not there."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()
    with inductor.patch({"cpp.cxx": (str(tmp_path / "missing"),)}):
        yield


class Jitter:
    """An augmentation that draws, and cannot be compiled either."""

    def __call__(self, image_b3hw, mask_b1hw):
        return image_b3hw * torch.rand(1), mask_b1hw

    def compiled(self):
        return torch.compile(self)


def one_step(execution, required):
    torch.manual_seed(0)
    network, config = torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.Conv2d(3, 1, 1)), TrialConfig()
    optimizer = parts.build_optimizer(config, network, CPU)
    step = steps.TrainingStep(network, Jitter(), optimizer, config, execution, required)
    step(torch.rand(2, 3, 8, 8), torch.zeros(2, 1, 8, 8))
    return step.execution, network.state_dict()


def test_a_network_that_cannot_be_compiled_runs_as_it_is_and_the_log_says_so(no_compiler, caplog):
    caplog.set_level(logging.WARNING, "ablate")
    (execution, tried), (_, plain) = one_step("compiled", required=False), one_step("eager", required=False)
    assert execution == "eager"
    assert all(torch.equal(tried[name], plain[name]) for name in plain)  # batch norm has counted one step, not two
    assert "cannot be compiled" in caplog.text


def test_a_network_that_must_be_compiled_and_cannot_is_an_error(no_compiler):
    with pytest.raises(BackendCompilerFailed):
        one_step("compiled", required=True)
