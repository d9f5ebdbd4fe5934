"""Tracking intake, verdicts, rollups, the evidence log."""
