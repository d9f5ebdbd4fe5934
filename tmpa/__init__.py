"""tmpa: open, self-hosted through-partner marketing automation."""
