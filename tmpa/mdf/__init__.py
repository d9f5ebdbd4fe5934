"""Market development funds: funds, requests, claims, dossiers, payouts and the ledger under them."""
