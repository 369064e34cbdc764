//! One option at a time, so that every problem is found in one go.

use figment::value::{Dict, Value};
use serde::de::{DeserializeOwned, Error};

use super::{ConfigError, Deserialize, Figment, OptionError};

/// Reads options and remembers what was wrong with them.
pub(super) struct Options<'a> {
    figment: &'a Figment,
    all: Dict,
    known: Vec<&'static str>,
    errors: Vec<OptionError>,
}

impl<'a> Options<'a> {
    /// Fails when the sources themselves cannot be read, a TOML file with a syntax error for example.
    pub(super) fn new(figment: &'a Figment) -> Result<Options<'a>, ConfigError> {
        let all = figment.extract::<Dict>().map_err(|errors| {
            ConfigError(errors.into_iter().map(|error| from_figment(&error, "", "")).collect())
        })?;
        Ok(Options { figment, all, known: Vec::new(), errors: Vec::new() })
    }

    /// The value of an option; a wrong one is remembered, and its type's default stands in until `finish`.
    pub(super) fn value<T: DeserializeOwned + Default>(
        &mut self,
        option: &'static str,
        example: &'static str,
    ) -> T {
        self.known.push(option);
        match self.figment.extract_inner(option) {
            Ok(value) => value,
            Err(error) => {
                let reason = from_figment(&error, option, example).reason;
                self.refuse(option, &reason, example);
                T::default()
            }
        }
    }

    /// Remembers that an option's value will not do.
    pub(super) fn refuse(&mut self, option: &str, reason: &str, example: &'static str) {
        self.errors.push(OptionError {
            option: option.to_owned(),
            value: self.figment.find_value(option).map(|value| shown(&value)).unwrap_or_default(),
            source: self.source(option),
            reason: reason.to_owned(),
            example,
        });
    }

    /// Refuses options that nobody asked for, and reports everything that is wrong.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        let all = std::mem::take(&mut self.all);
        for (section, value) in all {
            let Value::Dict(_, options) = value else {
                self.refuse(&section, "there is no such section", "");
                continue;
            };
            for name in options.keys() {
                let option = format!("{section}.{name}");
                if !self.known.contains(&option.as_str()) {
                    self.refuse(&option, "there is no such option", "");
                }
            }
        }
        if self.errors.is_empty() { Ok(()) } else { Err(ConfigError(self.errors)) }
    }

    fn source(&self, option: &str) -> String {
        let Some(metadata) = self.figment.find_metadata(option) else { return String::new() };
        match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ if metadata.name.contains("environment") => "environment".to_owned(),
            _ => "command line".to_owned(),
        }
    }
}

fn from_figment(error: &figment::Error, option: &str, example: &'static str) -> OptionError {
    let source = error.metadata.as_ref().map(|m| m.name.to_string()).unwrap_or_default();
    OptionError {
        option: if option.is_empty() { error.path.join(".") } else { option.to_owned() },
        value: String::new(),
        source,
        reason: error.kind.to_string(),
        example,
    }
}

fn shown(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Words as an array, or separated by commas where only a string can be written.
#[derive(Default)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Many(Vec<String>),
            One(String),
        }
        match Either::deserialize(deserializer) {
            Ok(Either::Many(words)) => Ok(Words(words)),
            Ok(Either::One(text)) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                Ok(Words(words.map(str::to_owned).collect()))
            }
            Err(_) => Err(D::Error::custom("must be a list of words")),
        }
    }
}
