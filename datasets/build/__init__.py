"""Samples to shards: pipeline, chunks, workers, publishing."""
