"""What tests share: callers, databases, services in processes of their own, sockets, executors; no test."""
