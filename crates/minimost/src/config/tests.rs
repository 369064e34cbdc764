use super::*;

const EXAMPLE: &str = include_str!("../../../../config.example.toml");

fn read(toml: &str) -> Result<Config, ConfigError> {
    Config::read(&Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(toml)))
}

#[test]
fn the_example_shows_every_option_with_its_default() {
    assert_eq!(read(EXAMPLE).unwrap(), Config::default());
    let shown: toml_keys::Keys = toml_keys::keys(EXAMPLE);
    let defaults = serde_json::to_value(Config::default()).unwrap();
    for (section, options) in defaults.as_object().unwrap() {
        for option in options.as_object().unwrap().keys() {
            assert!(
                shown.contains(&format!("{section}.{option}")),
                "{section}.{option} is not shown"
            );
        }
    }
}

mod toml_keys {
    pub(super) type Keys = std::collections::HashSet<String>;

    pub(super) fn keys(toml: &str) -> Keys {
        let mut section = "";
        let mut keys = Keys::new();
        for line in toml.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
            } else if let Some((key, _)) = line.split_once(" = ") {
                keys.insert(format!("{section}.{key}"));
            }
        }
        keys
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let toml = "
        [listen]
        port = \"six\"
        prot = 5
        [auth]
        lockout_minutes = 0
        [chat]
        channels = [\"Not A Slug\"]
        [nonsense]
        x = 1";
    let errors = read(toml).unwrap_err().0;
    let options: Vec<_> = errors.iter().map(|error| error.option.as_str()).collect();
    for expected in
        ["listen.port", "listen.prot", "auth.lockout_minutes", "chat.channels", "nonsense.x"]
    {
        assert!(options.contains(&expected), "{expected} is missing in {options:?}");
    }
    assert_eq!(errors.len(), 5, "{errors:?}");
}

#[test]
fn a_problem_names_option_value_reason_and_example() {
    let errors = read("[auth]\nlockout_minutes = 0").unwrap_err();
    assert_eq!(
        errors.0[0].to_string().split(": ").last(),
        Some("must be at least 1; for example 15"),
        "{errors}"
    );
    assert!(errors.to_string().starts_with("auth.lockout_minutes = 0"), "{errors}");
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        port: Some(0),
        channels: Some("ops, lunch".to_owned()),
        data: Some(PathBuf::from("/somewhere")),
        host: None,
    };
    let figment = Figment::from(Serialized::defaults(Config::default()))
        .merge(Toml::string("[listen]\nport = 1\nhost = \"::1\""));
    let config = Config::read(&with_overrides(figment, &overrides)).unwrap();
    assert_eq!(config.listen.port, 0);
    assert_eq!(config.listen.host, "::1");
    assert_eq!(config.chat.channels, ["ops", "lunch"]);
    assert_eq!(config.data.dir, PathBuf::from("/somewhere"));
}

#[test]
fn the_network_is_refused_without_tls() {
    let errors = read("[listen]\nhost = \"0.0.0.0\"").unwrap_err();
    assert!(errors.to_string().contains("unencrypted"), "{errors}");
    read("[listen]\nhost = \"0.0.0.0\"\ntls_proxy = true").unwrap();
}

#[test]
fn people_reach_the_server_where_it_listens() {
    let url = |host: &str, tls_proxy| Listen { host: host.to_owned(), port: 80, tls_proxy }.url();
    assert_eq!(url("127.0.0.1", false), "http://127.0.0.1:80");
    assert_eq!(url("::1", false), "http://[::1]:80");
    assert_eq!(url("chat.example.org", true), "https://chat.example.org:80");
}
