"""The recipient ledger, batches, transports, unsubscribe."""
