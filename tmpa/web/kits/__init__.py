"""Kits: what a vendor publishes and sees of its use, and the gallery that partners choose from."""
