"""A vendor's partners, and a partner's brand with its live preview: pages that look into rooms above partners."""
