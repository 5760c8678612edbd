"""gunicorn: its settings, worker, warm-up before the fork, and port of metrics. Defines no route."""
