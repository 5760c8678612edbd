"""gunicorn: its settings, its worker, the warm-up before the fork, the port of metrics; no route."""
