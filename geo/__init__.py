"""Ibasho Atlas."""
