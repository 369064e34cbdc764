//! Settings: default < file < environment (`MINIMOST_LISTEN__PORT`) < command line.
//!
//! Read once, in `cli`; every module gets the part that it needs. All problems are reported at once. An option exists
//! only if two sensible operators would set it differently; `config.example.toml` shows every one with its default.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use serde::{Deserialize, Serialize};

mod option;

use option::{Options, Words};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    pub listen: Listen,
    pub data: Data,
    pub chat: Chat,
    pub memory: Memory,
    pub limits: Limits,
    pub auth: Auth,
    pub diagnostics: Diagnostics,
}

/// Where people come in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listen {
    /// An address or `localhost`.
    pub host: String,
    /// 0 picks a free one.
    pub port: u16,
    /// A reverse proxy in front speaks HTTPS: cookies are `Secure` and the last `X-Forwarded-For` is the client.
    pub tls_proxy: bool,
}

/// What is on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    pub dir: PathBuf,
}

/// What the workspace looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chat {
    /// Public channels that are created at the start when they are missing; taking one out deletes nothing.
    pub channels: Vec<String>,
    /// A notice in the first public channel tells of each new account.
    pub greet_new_accounts: bool,
    /// Messages of each channel that a person's mailbox keeps; 0 keeps everything.
    pub mailbox_messages_per_channel: usize,
    /// Whether administrators and owners of channels may delete what others said there.
    pub moderation: bool,
}

/// How much memory what can be made again may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// The newest messages of the channels that are read.
    pub windows: ByteSize,
}

/// How much anyone may ask for; 0 turns a limit off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Messages sent, edited, deleted and reacted to, per user.
    pub sends_per_minute: u32,
    /// Attempts per address (IPv6: per /64).
    pub logins_per_minute: u32,
    /// Attempts per address (IPv6: per /64).
    pub signups_per_hour: u32,
    /// Successful ones per user.
    pub logins_per_person_per_hour: u32,
    /// Attempts per session.
    pub password_changes_per_hour: u32,
    /// Attempts to use a reset link, per address (IPv6: per /64).
    pub password_resets_per_hour: u32,
    /// Connections per address (IPv6: per /64) that have shown no valid session; behind a proxy requests at once. One
    /// more takes the place of the one that has waited longest for its peer, here and of a user.
    pub connections_per_address: u32,
    /// Bytes of their bodies in memory, per address.
    pub body_bytes_per_address: usize,
    /// Live streams of everybody, and connections of everybody that carry none: neither takes the other's room.
    pub streams: u32,
    pub connections: u32,
    /// Connections per user, live streams included; behind a proxy requests at once.
    pub connections_per_person: u32,
}

/// Passwords and logins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Auth {
    pub password_chars_min: usize,
    pub password_needs_upper: bool,
    pub password_needs_digit: bool,
    pub password_needs_special: bool,
    /// Failures in a row from one address with one name that lock that name there; 0 never locks.
    pub max_login_attempts: u32,
    /// Failures in a row from all addresses together that lock the account everywhere; 0 never locks.
    pub max_login_attempts_per_name: u32,
    pub lockout_minutes: u32,
    /// Memory of one password hash (argon2id, 2 passes, 1 lane).
    pub argon2_memory_kib: u32,
}

/// What goes to standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostics {
    /// In the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

impl Default for Listen {
    fn default() -> Listen {
        Listen { host: "127.0.0.1".to_owned(), port: 6767, tls_proxy: false }
    }
}

impl Listen {
    /// Where people reach the server, as far as it knows: of a proxy in front it knows only that it speaks TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls_proxy { "https" } else { "http" };
        let Listen { host, port, .. } = self;
        // An IPv6 address stands in brackets (RFC 3986, 3.2.2).
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }
}

impl Default for Data {
    fn default() -> Data {
        Data { dir: PathBuf::from("./data") }
    }
}

impl Default for Chat {
    fn default() -> Chat {
        Chat {
            channels: vec!["general".to_owned(), "random".to_owned()],
            greet_new_accounts: true,
            mailbox_messages_per_channel: 1000,
            moderation: true,
        }
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { windows: ByteSize::mib(64) }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sends_per_minute: 240,
            logins_per_minute: 600,
            signups_per_hour: 20,
            logins_per_person_per_hour: 100,
            password_changes_per_hour: 20,
            password_resets_per_hour: 30,
            connections_per_address: 200,
            body_bytes_per_address: 4 * 1024 * 1024,
            streams: 20_000,
            connections: 20_000,
            connections_per_person: 50,
        }
    }
}

impl Default for Auth {
    fn default() -> Auth {
        Auth {
            password_chars_min: 8,
            password_needs_upper: false,
            password_needs_digit: false,
            password_needs_special: false,
            max_login_attempts: 5,
            // NIST SP 800-63B, 5.2.2: at most 100 failures in a row.
            max_login_attempts_per_name: 100,
            lockout_minutes: 15,
            // OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 iterations, 1 degree of parallelism.
            argon2_memory_kib: 19_456,
        }
    }
}

impl Default for Diagnostics {
    fn default() -> Diagnostics {
        Diagnostics { filter: "info".to_owned() }
    }
}

/// What the command line says; `None` leaves an option as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub data: Option<PathBuf>,
    /// Comma-separated.
    pub channels: Option<String>,
}

/// Everything that is wrong with the settings, at once.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<OptionError>);

/// What is wrong with one option.
#[derive(Debug, PartialEq, Eq)]
pub struct OptionError {
    /// `listen.port`.
    pub option: String,
    /// As it was written; empty when that says nothing.
    pub value: String,
    /// The file, the environment or the command line.
    pub source: String,
    pub reason: String,
    /// A value that would do.
    pub example: &'static str,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OptionError { option, value, source, reason, example } = self;
        write!(f, "{option}")?;
        if !value.is_empty() {
            write!(f, " = {value}")?;
        }
        if !source.is_empty() {
            write!(f, " ({source})")?;
        }
        write!(f, ": {reason}")?;
        if example.is_empty() { Ok(()) } else { write!(f, "; for example {example}") }
    }
}

impl Config {
    /// Reads the settings from all their places.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        if let Some(path) = file {
            if !path.is_file() {
                return Err(ConfigError(vec![OptionError {
                    option: "--config".to_owned(),
                    value: path.display().to_string(),
                    source: String::new(),
                    reason: "there is no such file".to_owned(),
                    example: "--config /etc/minimost.toml",
                }]));
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        // Names without a section, such as `MINIMOST_SKIP_WEB`, are not settings of the server.
        let environment = Env::prefixed("MINIMOST_").filter(|name| name.as_str().contains("__"));
        let environment = environment.split("__");
        Config::read(&with_overrides(figment.merge(environment), overrides))
    }

    fn read(figment: &Figment) -> Result<Config, ConfigError> {
        let mut options = Options::new(figment)?;
        let config = Config {
            listen: read_listen(&mut options),
            data: Data { dir: options.value("data.dir", "\"/var/lib/minimost\"") },
            chat: Chat {
                channels: options.value::<Words>("chat.channels", CHANNELS_EXAMPLE).0,
                greet_new_accounts: options.value("chat.greet_new_accounts", "true"),
                mailbox_messages_per_channel: options
                    .value("chat.mailbox_messages_per_channel", "1000"),
                moderation: options.value("chat.moderation", "true"),
            },
            memory: read_memory(&mut options),
            limits: read_limits(&mut options),
            auth: read_auth(&mut options),
            diagnostics: Diagnostics { filter: options.value("diagnostics.filter", "\"info\"") },
        };
        for slug in &config.chat.channels {
            if let Err(error) = chat::Slug::parse(slug) {
                options.refuse("chat.channels", &error.to_string(), CHANNELS_EXAMPLE);
            }
        }
        options.finish().map(|()| config)
    }
}

const CHANNELS_EXAMPLE: &str = "[\"general\", \"random\"]";

fn read_listen(options: &mut Options<'_>) -> Listen {
    let listen = Listen {
        host: options.value("listen.host", "\"127.0.0.1\""),
        port: options.value("listen.port", "6767"),
        tls_proxy: options.value("listen.tls_proxy", "true"),
    };
    if !is_loopback(&listen.host) && !listen.tls_proxy {
        options.refuse(
            "listen.host",
            "passwords and messages would cross the network unencrypted; put a reverse proxy that speaks HTTPS in \
             front and set listen.tls_proxy = true, or listen on this machine only",
            "\"127.0.0.1\"",
        );
    }
    listen
}

fn read_memory(options: &mut Options<'_>) -> Memory {
    let memory = Memory { windows: options.value("memory.windows", "\"64MiB\"") };
    if !(ByteSize::mib(1)..=ByteSize::gib(64)).contains(&memory.windows) {
        options.refuse("memory.windows", "must be 1MiB to 64GiB", "\"64MiB\"");
    }
    memory
}

fn read_limits(options: &mut Options<'_>) -> Limits {
    Limits {
        sends_per_minute: options.value("limits.sends_per_minute", "240"),
        logins_per_minute: options.value("limits.logins_per_minute", "600"),
        signups_per_hour: options.value("limits.signups_per_hour", "20"),
        logins_per_person_per_hour: options.value("limits.logins_per_person_per_hour", "100"),
        password_changes_per_hour: options.value("limits.password_changes_per_hour", "20"),
        password_resets_per_hour: options.value("limits.password_resets_per_hour", "30"),
        connections_per_address: options.value("limits.connections_per_address", "200"),
        body_bytes_per_address: options.value("limits.body_bytes_per_address", "4194304"),
        streams: options.value("limits.streams", "20000"),
        connections: options.value("limits.connections", "20000"),
        connections_per_person: options.value("limits.connections_per_person", "50"),
    }
}

fn read_auth(options: &mut Options<'_>) -> Auth {
    let auth = Auth {
        password_chars_min: options.value("auth.password_chars_min", "8"),
        password_needs_upper: options.value("auth.password_needs_upper", "true"),
        password_needs_digit: options.value("auth.password_needs_digit", "true"),
        password_needs_special: options.value("auth.password_needs_special", "true"),
        max_login_attempts: options.value("auth.max_login_attempts", "5"),
        max_login_attempts_per_name: options.value("auth.max_login_attempts_per_name", "100"),
        lockout_minutes: options.value("auth.lockout_minutes", "15"),
        argon2_memory_kib: options.value("auth.argon2_memory_kib", "19456"),
    };
    if !(1..=128).contains(&auth.password_chars_min) {
        options.refuse("auth.password_chars_min", "must be 1 to 128", "8");
    }
    if auth.lockout_minutes == 0 {
        options.refuse("auth.lockout_minutes", "must be at least 1", "15");
    }
    if !(8..=1_048_576).contains(&auth.argon2_memory_kib) {
        options.refuse("auth.argon2_memory_kib", "must be 8 to 1048576", "19456");
    }
    auth
}

/// Whether only this machine can reach `host`.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn with_overrides(mut figment: Figment, overrides: &Overrides) -> Figment {
    let mut set = |option: &str, value: Option<Value>| {
        if let Some(value) = value {
            let provider = Serialized::global(option, value);
            figment = std::mem::take(&mut figment).merge(provider);
        }
    };
    set("listen.host", overrides.host.clone().map(Value::from));
    set("listen.port", overrides.port.map(Value::from));
    set("data.dir", overrides.data.as_ref().map(|dir| Value::from(dir.display().to_string())));
    set("chat.channels", overrides.channels.clone().map(Value::from));
    figment
}

#[cfg(test)]
mod tests;
