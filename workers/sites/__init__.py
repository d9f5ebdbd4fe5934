"""The factories that web servers call, one module each: the tracking process must not load the portal."""
