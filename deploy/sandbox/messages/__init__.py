"""Text messages and mail: taken in, and shown to whoever looks."""
