//! Installing the original into an environment of its own, and starting it as its documentation says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use super::shown;
use crate::process::Server;
use crate::report::note;

/// An installed original.
pub struct Original {
    environment: PathBuf,
    pub version: String,
}

/// Makes a virtual environment below `directory`, installs from PyPI, and switches rate limits off.
pub fn install(directory: &Path) -> anyhow::Result<Original> {
    let environment = directory.join("original");
    note("installing the original from PyPI");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join("bin/python");
    let options = ["-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "15"];
    run(Command::new(&python).args(options).args(["minimost", "gunicorn"]))?;
    // Asked from elsewhere: the working directory may have a folder of the same name.
    let find = "import importlib.metadata as m, importlib.util as u; \
                print(m.version('minimost')); print(u.find_spec('minimost').origin)";
    let found = run(Command::new(&python).current_dir(directory).args(["-c", find]))?;
    let (version, package) = found.trim().split_once('\n').context("no version")?;
    let settings = Path::new(package).with_file_name("settings.json");
    switch_rate_limits_off(&settings)?;
    Ok(Original { environment, version: version.to_owned() })
}

impl Original {
    /// Starts it with gunicorn and the configuration that it ships: without TLS, on a free port of this machine.
    pub fn start(&self, data: &Path) -> anyhow::Result<Server> {
        fs::create_dir_all(data)?;
        let mut command = Command::new(self.environment.join("bin/gunicorn"));
        command
            .args(["minimost:create_app()", "-c", "python:minimost.gunicorn_conf"])
            .args(["-b", "127.0.0.1:0"])
            .current_dir(data)
            .env("MINIMOST_SKIP_TLS", "1")
            .env("MINIMOST_DATA_DIR", shown(data)?);
        Server::start_command(&mut command)
    }
}

/// Its settings lie inside the package.
fn switch_rate_limits_off(settings: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(settings).context("the original has no settings.json")?;
    let mut settings_now: Value = serde_json::from_str(&text)?;
    settings_now["rate_limit_enabled"] = Value::Bool(false);
    fs::write(settings, settings_now.to_string())?;
    Ok(())
}

/// Runs a command to its end; what it printed.
fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output();
    let output = output.with_context(|| command.get_program().display().to_string())?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
