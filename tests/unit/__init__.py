"""What nvrstack computes and writes by itself: no engine, no network, no root."""
