"""Leads, deal registrations, rules of engagement, attribution."""
