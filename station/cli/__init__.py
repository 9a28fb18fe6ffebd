"""The shell's door: `loadkeeper ...`. Parse, call a room, print."""
