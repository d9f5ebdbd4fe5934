"""Leads, deal registrations, attribution."""
