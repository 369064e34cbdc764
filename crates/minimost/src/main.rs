//! The binary: see `cli`.

/// What one thread frees is soon used by another or given back: thousands who come at nine leave no peak behind.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    minimost::cli::main()
}
