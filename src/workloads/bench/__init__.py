"""What every workload shares: choosing, timing, checking, reporting."""
