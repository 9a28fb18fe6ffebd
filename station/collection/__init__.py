"""Collection: tasks say what is expected of the meters; what is expected and absent is known by name."""
