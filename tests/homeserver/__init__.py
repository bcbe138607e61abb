"""What needs a real Synapse."""
