"""From a plan to running Ray trials: plan, cluster, tuner, trainable, progress board."""
