"""What is typed and what is answered, without Matrix."""
