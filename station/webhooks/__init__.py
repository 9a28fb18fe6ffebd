"""Webhooks: other systems are told what happens, in order, each thing at least once."""
