"""Which ingredient of synthetic training makes a segmentation network find the animal in real photographs?"""

__version__ = "0.1.0"
