"""What the networks are made of, and how they start."""

from __future__ import annotations

from torch import nn


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution that keeps the size, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),  # the norm has the bias
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def initialise(network: nn.Module) -> None:
    """Draws the weights of all convolutions from torch's global generator; biases become zero.

    He et al., *Delving Deep into Rectifiers* (2015), by fan-in. For the transposed 2x2 convolution of a U-Net, whose
    inputs are twice its outputs and whose windows do not overlap, the same formula gives gain 1: no ReLU follows.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
