"""Processes only: queues, relay, schedule, supervisor, and jobs of a few lines that call services."""
