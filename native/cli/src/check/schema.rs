//! JSON schemas of what a check reads and writes, for editors and scripts. They are made from the types.

use clap::ValueEnum;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// Of `stallscope.toml`.
    Config,
    /// Of the output of `check --json`.
    Output,
    /// Of an alert as JSON.
    Alert,
}

impl Schema {
    /// The schema.
    pub fn text(self) -> &'static str {
        match self {
            Self::Config => include_str!("../../schemas/config.schema.json"),
            Self::Output => include_str!("../../schemas/output.schema.json"),
            Self::Alert => include_str!("../../schemas/alert.schema.json"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;

    use super::Schema;
    use crate::check::alert::Message;
    use crate::check::config::Config;
    use crate::check::files::Told;

    fn schema<T: JsonSchema>(settings: SchemaSettings) -> String {
        let schema = settings.into_generator().into_root_schema_for::<T>();
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    #[test]
    fn they_say_what_the_types_say() {
        let (read, written) =
            (SchemaSettings::draft2020_12(), SchemaSettings::draft2020_12().for_serialize());
        for (name, kept, now) in [
            ("config", Schema::Config, schema::<Config>(read)),
            ("output", Schema::Output, schema::<Told<'_>>(written.clone())),
            ("alert", Schema::Alert, schema::<Message>(written)),
        ] {
            if std::env::var_os("UPDATE_GOLDENS").is_some() {
                let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
                std::fs::write(path, &now).unwrap();
            } else {
                assert!(
                    kept.text() == now,
                    "{name}.schema.json is not what the types say: UPDATE_GOLDENS=1 cargo test -p stallscope-cli schema"
                );
            }
        }
    }
}
