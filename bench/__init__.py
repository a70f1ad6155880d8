"""Time, throughput and memory of the service, measured beside a floor in the same run."""
