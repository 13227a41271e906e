"""The runtime: Celery application, tasks, schedule, and the processes of embedded mode."""
