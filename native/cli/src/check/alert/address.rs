//! Where an alert goes. Whoever knows the address may post there: it is a secret, and never shown.

use std::fmt;

use url::{Host, Url};

/// Longer than any address that a chat gives out.
const MOST_CHARACTERS: usize = 4_096;

/// The address of a webhook. What is shown of it is its host.
pub struct Address(Url);

/// There is no address. Nothing of what was read instead is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// Perhaps the address itself, so it is not repeated.
    #[error(
        "what was named to hold the alert's address is no name of an environment variable: put the address into one, as \
         STALLSCOPE_ALERT_URL, and name that"
    )]
    NoName,
    /// As in a build of a fork, which is given no secrets.
    #[error("the environment variable {0}, which is to hold the alert's address, is not set")]
    NotSet(String),
    /// Something else is in it.
    #[error("the environment variable {0} holds no address: it must be https://HOST/…")]
    NoUrl(String),
    /// It would be readable on its way.
    #[error(
        "the environment variable {0} holds an address without https, by which its secret would be sent in the clear"
    )]
    NotSafe(String),
}

impl Address {
    /// What the variable holds; `read` reads one.
    pub fn in_variable(name: &str, read: impl Fn(&str) -> Option<String>) -> Result<Self, NoAddress> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
            return Err(NoAddress::NoName);
        }
        let text = read(name).filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| NoAddress::NotSet(name.to_owned()))?;
        let no_url = || NoAddress::NoUrl(name.to_owned());
        let text = Some(text.trim()).filter(|text| text.len() <= MOST_CHARACTERS).ok_or_else(no_url)?;
        let address = Self(Url::parse(text).map_err(|_| no_url())?);
        match address.0.scheme() {
            "https" => Ok(address),
            "http" if address.is_here() => Ok(address),
            "http" => Err(NoAddress::NotSafe(name.to_owned())),
            _ => Err(no_url()),
        }
    }

    /// Whether it is on this machine: then it is reached without a proxy, and without https if need be.
    pub fn is_here(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// All of it, for the request only.
    pub fn secret(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address, NoAddress> {
        Address::in_variable("HOOK", |name| (name == "HOOK").then(|| text.to_owned()))
    }

    #[test]
    fn only_the_host_is_shown() {
        let address =
            read(" https://me:pass@Hooks.example.test:8443/services/T0/B0/s3cret?key=s3cret\n").unwrap();
        assert_eq!(format!("{address} {address:?}"), "hooks.example.test:8443 hooks.example.test:8443");
        assert!(address.secret().contains("/services/T0/B0/s3cret?key=s3cret"));
        assert!(!address.is_here());
    }

    #[test]
    fn without_https_only_this_machine() {
        for here in ["http://127.0.0.1:81/x", "http://localhost/x", "http://[::1]:81/x"] {
            assert!(read(here).unwrap().is_here());
        }
        assert_eq!(read("http://example.test/s3cret").unwrap_err(), NoAddress::NotSafe("HOOK".into()));
    }

    #[test]
    fn nothing_of_what_is_no_address_is_repeated() {
        for text in
            ["s3cret", "postgres://me:s3cret@example.test/", &format!("https://a/{}", "s3cret".repeat(900))]
        {
            let error = read(text).unwrap_err();
            assert_eq!(error, NoAddress::NoUrl("HOOK".into()));
            assert!(!error.to_string().contains("s3cret"));
        }
        assert_eq!(read(" ").unwrap_err(), NoAddress::NotSet("HOOK".into()));
        let error = Address::in_variable("https://example.test/s3cret", |_| None).unwrap_err();
        assert_eq!(error, NoAddress::NoName);
        assert!(!error.to_string().contains("s3cret"));
    }
}
