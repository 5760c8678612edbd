"""A sweep as a job: its document, the task, executors, the worker that leases chunks;
the task knows no Flask and no SQL."""
