"""The command line, and all of Packshot on one machine."""

from chassis.garbage import load_quickly

load_quickly()
