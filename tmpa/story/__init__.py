"""The whole loop without a browser, on the real parts: from a vendor's kit to a paid claim."""
