"""The campaign page and the live page: one campaign through all the rooms it touches."""
