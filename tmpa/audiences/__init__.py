"""Contacts, consent, suppression, import."""
