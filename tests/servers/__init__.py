"""The servers that tests start for themselves: PostgreSQL, S3, SMTP. All on loopback, all gone with the run."""
