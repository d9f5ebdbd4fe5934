"""The shell of every page: layout, components, error pages and built assets."""
