"""Process code only: queues, outbox relay, schedule, supervisor. What a job does lives in its room's service."""
