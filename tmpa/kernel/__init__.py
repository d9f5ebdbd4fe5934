"""What every room stands on: scope, permissions, audit, jobs, money, clock, ids, signing, objects."""
