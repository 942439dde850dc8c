"""The one door to all services."""

from chassis.garbage import load_quickly

load_quickly()
