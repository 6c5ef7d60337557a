"""Segmentation networks: one module each, named as `trial.model` names it.

A network's module defines `build(*, width: int) -> nn.Module`, or with further keyword parameters: they declare which
fields of `TrialConfig` the network reads; the others have no part in its identity.

The network maps `image_b3hw`, float in [0, 1], any h, w >= 1, to `logits_b1hw` of the same h, w: the log odds that a
pixel shows the animal. Its initial weights come from torch's global generator.

A module that reads `encoder_weights` may define `weights_license(*, encoder_weights: str) -> str | None`, their
licence; its keyword parameters are fields that it reads. Its `build` downloads what is not here yet, and its network is
an `_encoder_network.EncoderNetwork`.
"""
