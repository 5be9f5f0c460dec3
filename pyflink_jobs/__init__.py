"""The jobs: one file each, which reads as the picture of its topology."""
