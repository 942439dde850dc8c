"""Every event that Packshot's services exchange, and the value types that events share.

The pydantic classes here are the source; `schemas/` and `asyncapi.json` are generated from them (`make contracts`),
committed, and checked for drift and compatibility. Imports nothing of ours.
"""
