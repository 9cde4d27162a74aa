"""What OpenTelemetry is told of requests and of jobs of the database, if anything."""
