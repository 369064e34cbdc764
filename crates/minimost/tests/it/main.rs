//! One test binary: fast to link. Each file is a behaviour; `rebuild` and `crash` alone touch files.

mod rebuild;
