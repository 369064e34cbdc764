//! The binary: see `cli`.

fn main() -> std::process::ExitCode {
    minimost::cli::main()
}
