//! Certificates: the system's authorities, or those that somebody names; and our own, if the other side wants one.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use ureq::tls::{ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::config::{ConfigError, Tls};

const MOST_PEM_BYTES: u64 = 4 << 20;

/// For requests over HTTP.
pub(super) fn for_http(tls: &Tls) -> Result<TlsConfig, ConfigError> {
    let roots = match &tls.authorities {
        Some(path) => certificates(path)?,
        None => {
            // Those that cannot be read are left out: others may do.
            let found = rustls_native_certs::load_native_certs().certs;
            found.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect()
        }
    };
    let client = match &tls.client {
        Some((certificate, key)) => {
            let key_of = PrivateKey::from_pem(&pem(key)?).map_err(|error| wrong(key, &error))?;
            Some(ClientCert::new_with_certs(&certificates(certificate)?, key_of))
        }
        None => None,
    };
    Ok(TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).client_cert(client).build())
}

/// For gRPC.
pub(super) fn for_grpc(tls: &Tls) -> Result<ClientTlsConfig, ConfigError> {
    let mut config = ClientTlsConfig::new();
    config = match &tls.authorities {
        Some(path) => {
            certificates(path)?;
            config.ca_certificate(Certificate::from_pem(pem(path)?))
        }
        None => config.with_native_roots(),
    };
    if let Some((certificate, key)) = &tls.client {
        PrivateKey::from_pem(&pem(key)?).map_err(|error| wrong(key, &error))?;
        certificates(certificate)?;
        config = config.identity(Identity::from_pem(pem(certificate)?, pem(key)?));
    }
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>, ConfigError> {
    let mut found = Vec::new();
    for item in parse_pem(&pem(path)?) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(path, &error))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(wrong(path, &"it has no certificate")) } else { Ok(found) }
}

fn pem(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| wrong(path, &error))?;
    file.take(MOST_PEM_BYTES).read_to_end(&mut bytes).map_err(|error| wrong(path, &error))?;
    Ok(bytes)
}

fn wrong(path: &Path, why: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Certificate { path: path.to_path_buf(), why: why.to_string() }
}
