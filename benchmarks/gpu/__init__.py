"""What training, scoring and translation do on a GPU, by one prepared command: see `run.sh`."""
