"""The services, each its own process and schema; none imports another."""

from chassis.garbage import load_quickly

load_quickly()
