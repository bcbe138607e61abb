"""Tables, migrations and one module per capability with the questions asked of it."""
