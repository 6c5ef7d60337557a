import pytest
import torch


@pytest.fixture
def one_thread():
    """Sums come out alike, bit for bit, by one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
