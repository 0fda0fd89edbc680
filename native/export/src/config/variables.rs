//! The variables of the OpenTelemetry specification for OTLP exporters. One for a signal goes before that for all.

use std::time::Duration;

use url::Url;

use super::pairs::{is_attribute_name, is_header_name, is_reserved, pairs};
use super::{ConfigError, Destination, ProfileTarget, Protocol, Said, Secret, Signal, Target, Tls};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_METRICS_EVERY: Duration = Duration::from_secs(60);
/// More often is of no use to anybody.
const LEAST_METRICS_EVERY: Duration = Duration::from_secs(1);
const MOST_MS: u64 = 600_000;
/// There is no standard one: what Pyroscope is sent besides, a tenant or a token.
const PYROSCOPE_HEADERS: &str = "STALLSCOPE_PYROSCOPE_HEADERS";

/// The environment, however it is known. Empty is unset, as the specification has it.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Variables<'a> {
    /// By a function that knows them.
    pub fn new(of: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(of)
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// `OTEL_EXPORTER_OTLP_TRACES_<what>`, else `OTEL_EXPORTER_OTLP_<what>`, with its name.
    fn of_signal(&self, signal: Signal, what: &str) -> Option<(String, String)> {
        let of_one = format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.key().to_uppercase());
        let of_all = format!("OTEL_EXPORTER_OTLP_{what}");
        [of_one, of_all].into_iter().find_map(|name| self.get(&name).map(|value| (name, value)))
    }

    /// Where everything goes.
    ///
    /// # Errors
    /// A variable or setting that cannot be used: nothing is guessed, because it would be sent there.
    pub fn destination(&self, said: &Said) -> Result<Destination, ConfigError> {
        if self.get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(ConfigError::Disabled);
        }
        let mut targets = Vec::new();
        for signal in Signal::ALL {
            if self.is_on(signal)? {
                targets.push((signal, self.target(signal, said)?));
            }
        }
        let profiles = said.pyroscope.as_deref().map(str::trim).filter(|address| !address.is_empty());
        let profiles = profiles.map(|address| self.profiles(address)).transpose()?;
        if targets.is_empty() && profiles.is_none() {
            return Err(ConfigError::Nothing);
        }
        let every = "OTEL_METRIC_EXPORT_INTERVAL";
        let metrics_every = match self.get(every) {
            Some(value) => milliseconds(every.to_owned(), value)?.max(LEAST_METRICS_EVERY),
            None => DEFAULT_METRICS_EVERY,
        };
        Ok(Destination { targets, profiles, metrics_every, resource: self.resource()? })
    }

    fn is_on(&self, signal: Signal) -> Result<bool, ConfigError> {
        let name = format!("OTEL_{}_EXPORTER", signal.key().to_uppercase());
        let Some(value) = self.get(&name) else { return Ok(true) };
        // It may be a list, whose other exporters are none of ours.
        let is_one = |known: &str| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(known));
        match (is_one("otlp"), is_one("none")) {
            (true, false) => Ok(true),
            (false, true) => Ok(false),
            _ => Err(ConfigError::Choice { name, value, known: "otlp, none" }),
        }
    }

    fn target(&self, signal: Signal, said: &Said) -> Result<Target, ConfigError> {
        let of_said = |text: &Option<String>, name: &str| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
            Some((name.to_owned(), text.to_owned()))
        };
        let protocol = of_said(&said.protocol, "the protocol").or_else(|| self.of_signal(signal, "PROTOCOL"));
        let protocol = match protocol {
            None => Protocol::HttpProtobuf,
            Some((_, value)) if value.eq_ignore_ascii_case(Protocol::HttpProtobuf.key()) => {
                Protocol::HttpProtobuf
            }
            Some((_, value)) if value.eq_ignore_ascii_case(Protocol::Grpc.key()) => Protocol::Grpc,
            Some((name, value)) => {
                return Err(ConfigError::Choice { name, value, known: "http/protobuf, grpc" });
            }
        };
        let url = match of_said(&said.endpoint, "the endpoint") {
            Some((name, value)) => self.address(&name, &value, protocol, signal, true)?,
            None => self.endpoint(signal, protocol)?,
        };
        let headers = match self.of_signal(signal, "HEADERS") {
            Some((name, value)) => headers(&name, &value)?,
            None => Vec::new(),
        };
        let gzip = match self.of_signal(signal, "COMPRESSION") {
            None => false,
            Some((_, value)) if value.eq_ignore_ascii_case("none") => false,
            Some((_, value)) if value.eq_ignore_ascii_case("gzip") => true,
            Some((name, value)) => return Err(ConfigError::Choice { name, value, known: "gzip, none" }),
        };
        Ok(Target { url, protocol, headers, gzip, timeout: self.timeout(signal)?, tls: self.tls(signal)? })
    }

    /// The address of a signal by the variables: of its own as it is, of all with the signal's path.
    fn endpoint(&self, signal: Signal, protocol: Protocol) -> Result<Url, ConfigError> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.key().to_uppercase());
        if let Some(value) = self.get(&own) {
            return self.address(&own, &value, protocol, signal, false);
        }
        let name = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let default = match protocol {
            Protocol::HttpProtobuf => "http://localhost:4318",
            Protocol::Grpc => "http://localhost:4317",
        };
        let value = self.get(name).unwrap_or_else(|| default.to_owned());
        self.address(name, &value, protocol, signal, true)
    }

    fn address(
        &self,
        name: &str,
        value: &str,
        protocol: Protocol,
        signal: Signal,
        is_base: bool,
    ) -> Result<Url, ConfigError> {
        // Only gRPC's address may go without a scheme: it is `host:port` then.
        let spelled = match protocol {
            Protocol::Grpc if !value.contains("://") => {
                let insecure = self.of_signal(signal, "INSECURE");
                let plain = insecure.is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"));
                format!("{}://{value}", if plain { "http" } else { "https" })
            }
            _ => value.to_owned(),
        };
        let mut url = checked(name, &spelled)?;
        match protocol {
            Protocol::Grpc => url.set_path(""),
            Protocol::HttpProtobuf if is_base => {
                let path = format!("{}/v1/{}", url.path().trim_end_matches('/'), signal.key());
                url.set_path(&path);
            }
            Protocol::HttpProtobuf => {}
        }
        Ok(url)
    }

    fn timeout(&self, signal: Signal) -> Result<Duration, ConfigError> {
        let said = self.of_signal(signal, "TIMEOUT");
        said.map_or(Ok(DEFAULT_TIMEOUT), |(name, value)| milliseconds(name, value))
    }

    fn tls(&self, signal: Signal) -> Result<Tls, ConfigError> {
        let file = |what| self.of_signal(signal, what).map(|(name, value)| (name, value.into()));
        let spelled = |what| format!("OTEL_EXPORTER_OTLP_{what}");
        let client = match (file("CLIENT_CERTIFICATE"), file("CLIENT_KEY")) {
            (Some((_, certificate)), Some((_, key))) => Some((certificate, key)),
            (None, None) => None,
            (Some((given, _)), None) => {
                return Err(ConfigError::Unpaired { given, missing: spelled("CLIENT_KEY") });
            }
            (None, Some((given, _))) => {
                return Err(ConfigError::Unpaired { given, missing: spelled("CLIENT_CERTIFICATE") });
            }
        };
        Ok(Tls { authorities: file("CERTIFICATE").map(|(_, path)| path), client })
    }

    fn profiles(&self, address: &str) -> Result<ProfileTarget, ConfigError> {
        let mut url = checked("the Pyroscope address", address)?;
        let path = format!("{}/push.v1.PusherService/Push", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let headers = match self.get(PYROSCOPE_HEADERS) {
            Some(value) => headers(PYROSCOPE_HEADERS, &value)?,
            None => Vec::new(),
        };
        Ok(ProfileTarget { url, headers })
    }

    /// `OTEL_SERVICE_NAME` goes before a `service.name` among the attributes.
    fn resource(&self) -> Result<Vec<(String, String)>, ConfigError> {
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        let mut all = match self.get(name) {
            Some(value) => pairs(name, &value, is_attribute_name)?,
            None => Vec::new(),
        };
        if let Some(service) = self.get("OTEL_SERVICE_NAME") {
            all.retain(|(name, _)| name != "service.name");
            all.push(("service.name".to_owned(), service));
        }
        Ok(all)
    }
}

fn milliseconds(name: String, value: String) -> Result<Duration, ConfigError> {
    match value.parse() {
        Ok(ms @ 1..=MOST_MS) => Ok(Duration::from_millis(ms)),
        _ => Err(ConfigError::Milliseconds { name, value }),
    }
}

fn headers(variable: &str, value: &str) -> Result<Vec<(String, Secret)>, ConfigError> {
    let all = pairs(variable, value, is_header_name)?;
    if let Some((header, _)) = all.iter().find(|(header, _)| is_reserved(header)) {
        return Err(ConfigError::Reserved { name: variable.to_owned(), header: header.clone() });
    }
    let visible = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if let Some(bad) = all.iter().position(|(_, value)| !visible(value)) {
        return Err(ConfigError::Pairs { name: variable.to_owned(), entry: bad + 1 });
    }
    Ok(all.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), Secret(value))).collect())
}

/// An address over HTTP, without a password in it: that would be shown.
fn checked(name: &str, value: &str) -> Result<Url, ConfigError> {
    // What is no address may have a password in it all the same.
    let shown = if value.contains(['@', '?']) { "(not shown)" } else { value };
    let wrong = |why: &str| ConfigError::Address {
        name: name.to_owned(),
        value: shown.to_owned(),
        why: why.to_owned(),
    };
    let url = Url::parse(value).map_err(|error| wrong(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a user in it: use OTEL_EXPORTER_OTLP_HEADERS"));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it has to begin with http:// or https:// and a host"));
    }
    Ok(url)
}
