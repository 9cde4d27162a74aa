"""The measurements: what a request costs, beside what others cost in the same run."""
