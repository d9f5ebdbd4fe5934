"""A vendor's programme: partnerships, tiers, territories, brand profiles."""
