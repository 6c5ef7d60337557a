"""Raw files to records: COCO Camera Traps, photographs, synthetic images and their masks."""
