"""Funds, requests, claims, dossiers, payouts."""
