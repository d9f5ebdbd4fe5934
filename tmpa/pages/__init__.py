"""Landing pages: generated, published to the object store; forms."""
