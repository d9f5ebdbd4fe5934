"""Builders of test data, made through the services where one exists."""
