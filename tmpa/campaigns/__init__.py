"""A partner's campaign: slots, locales, rendering, preview, journey."""
