"""Tests of the kit engine."""
