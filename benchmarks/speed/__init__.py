"""What requests, fits and sweeps cost, measured side by side."""
