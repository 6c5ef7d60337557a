"""Contrastive unpaired translation: networks, losses, batches, training."""
