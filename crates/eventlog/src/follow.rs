//! Following the head.
