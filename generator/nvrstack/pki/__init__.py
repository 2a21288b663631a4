"""Certificates that nvrstack makes itself: the placeholder and the local authority."""
