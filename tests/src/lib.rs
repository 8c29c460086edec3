//! The house's own tests: tidiness, and the journeys end to end over HTTP and in a real browser. All of them are in `tests/`.
