"""The files of other detectors, as boxes on our photographs."""
