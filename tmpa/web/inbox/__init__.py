"""The demo's inbox: every mail that would have left, shown as a mail program would show it."""
