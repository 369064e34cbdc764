//! Presence and typing in memory: signals that expire by themselves.
