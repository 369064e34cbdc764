//! `minimost reset-password`: a link by which somebody sets a new password.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};

use crate::config::Config;
use crate::control::{self, Answer, Request};
use crate::data_dir::{DataDir, InUse};

/// What the command line says.
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) minutes: u32,
    /// Without a slash at its end.
    pub(crate) base_url: Option<String>,
}

/// Makes the link, by the server that works on the directory or without one, and prints it.
pub(crate) async fn run(config: &Config, wish: Wish) -> anyhow::Result<ExitCode> {
    let Wish { name, minutes, base_url } = wish;
    let request = Request::ResetPassword { name, minutes };
    let answer = match DataDir::open(&config.data.dir) {
        Ok(data_dir) => {
            let is_known = base_url.is_some() || config.listen.port != 0;
            ensure!(is_known, "listen.port is 0: say with --base-url where the server will be");
            control::do_alone(config, &data_dir, request).await?
        }
        Err(error) if error.is::<InUse>() => control::ask(&config.data.dir, &request).await?,
        Err(error) => return Err(error),
    };
    match answer {
        Answer::ResetLink { username, token, base_url: listens } => {
            let is_guess = base_url.is_none() && config.listen.tls_proxy;
            let base = base_url.unwrap_or(listens);
            print(&username, minutes, &format!("{base}/reset-password/{token}"))?;
            if is_guess {
                hint();
            }
            Ok(ExitCode::SUCCESS)
        }
        Answer::Refused(why) => bail!(why),
    }
}

/// What the command line may say as `--base-url`; slashes at its end are trimmed.
pub(crate) fn base_url(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim_end_matches('/');
    let rest = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    let is_host = |rest: &str| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest.chars().all(|c| c.is_ascii_graphic() && !"?#\\@\"<>".contains(c))
    };
    let is_plain = rest.is_some_and(is_host);
    if is_plain { Ok(trimmed.to_owned()) } else { Err("as in https://chat.example.org") }
}

fn print(name: &str, minutes: u32, link: &str) -> anyhow::Result<()> {
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let mut out = std::io::stdout().lock();
    writeln!(out, "By this link {name} can set a new password, once, within {minutes} {unit}:")?;
    writeln!(out, "{link}")?;
    out.flush().context("standard output is gone")
}

#[expect(clippy::print_stderr, reason = "a word beside the result")]
fn hint() {
    eprintln!(
        "minimost: people come by a proxy (listen.tls_proxy); say its address with --base-url where it is another"
    );
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn a_link_begins_with_an_address_of_the_web() {
        for (given, expected) in [
            ("https://chat.example.org", "https://chat.example.org"),
            ("http://127.0.0.1:6767//", "http://127.0.0.1:6767"),
            ("https://example.org/chat/", "https://example.org/chat"),
            ("http://[::1]:6767", "http://[::1]:6767"),
        ] {
            assert_eq!(base_url(given).as_deref(), Ok(expected), "{given}");
        }
        for wrong in [
            "",
            "chat.example.org",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "http://a b",
            "https://chat.example.org/?x=",
            "https://chat.example.org#",
            "https://you@evil.example",
        ] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
