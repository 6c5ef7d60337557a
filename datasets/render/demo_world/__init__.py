"""The two worlds of the demo, frozen: a lush forest to train on, and arid country photographed by 26 cameras."""
