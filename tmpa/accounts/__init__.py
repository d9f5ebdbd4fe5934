"""Organizations, people, memberships, sign-in."""
