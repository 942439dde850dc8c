"""`packshot assets contact-sheet`: a catalogue rendered for every channel, each variant measured against its channel,
and all of it on one page to be looked at."""
