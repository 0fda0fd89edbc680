#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use super::*;

fn destination(variables: &[(&str, &str)], said: &Said) -> Result<Destination, ConfigError> {
    let known: BTreeMap<_, _> = variables.iter().copied().collect();
    let of = |name: &str| known.get(name).map(|value| (*value).to_owned());
    Variables::new(&of).destination(said)
}

fn urls(variables: &[(&str, &str)]) -> Vec<String> {
    let destination = destination(variables, &Said::default()).unwrap();
    destination.targets.iter().map(|(_, target)| target.url.to_string()).collect()
}

#[test]
fn an_address_for_all_gets_the_path_of_each_signal_and_one_for_a_signal_stays_as_it_is() {
    let base = "http://localhost:4318/v1";
    assert_eq!(urls(&[]), ["traces", "logs", "metrics"].map(|signal| format!("{base}/{signal}")));
    let some = urls(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example/base/"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tempo.example:4318/"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "  "),
    ]);
    let expected = [
        "http://tempo.example:4318/",
        "https://otel.example/base/v1/logs",
        "https://otel.example/base/v1/metrics",
    ];
    assert_eq!(some, expected);
    let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    assert_eq!(urls(&grpc), ["http://localhost:4317/"; 3]);
    let named = |insecure| {
        let host = ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel.example:4317");
        urls(&[grpc[0], host, ("OTEL_EXPORTER_OTLP_INSECURE", insecure)])
    };
    assert_eq!(
        (named("true"), named("")),
        (vec!["http://otel.example:4317/".into(); 3], vec!["https://otel.example:4317/".into(); 3])
    );
}

#[test]
fn what_is_said_goes_before_the_variables() {
    let said =
        Said { endpoint: Some("http://127.0.0.1:9".into()), protocol: Some("grpc".into()), pyroscope: None };
    let variables = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://elsewhere.example")];
    let shown = destination(&variables, &said).unwrap().shown();
    assert_eq!(shown, ["http://127.0.0.1:9 (grpc)"]);
}

#[test]
fn headers_timeout_compression_and_certificates_are_those_of_the_signal_or_of_all() {
    let all = destination(
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc%2Cd, x-team = a=b"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-only=metrics"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/etc/me.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/me.key"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=ignored,team=platform%20eng"),
            ("OTEL_SERVICE_NAME", "gopls-fleet"),
        ],
        &Said::default(),
    )
    .unwrap();
    let of = |signal| all.target(signal).unwrap();
    let headers = |signal| {
        let headers = of(signal).headers.iter();
        headers.map(|(name, value)| format!("{name}: {}", value.reveal())).collect::<Vec<_>>()
    };
    assert_eq!(headers(Signal::Traces), ["authorization: Bearer abc,d", "x-team: a=b"]);
    assert_eq!(headers(Signal::Metrics), ["x-only: metrics"]);
    assert_eq!((of(Signal::Traces).gzip, of(Signal::Logs).gzip), (true, false));
    assert_eq!(of(Signal::Traces).timeout, Duration::from_millis(2500));
    let tls = Tls {
        authorities: Some("/etc/ca.pem".into()),
        client: Some(("/etc/me.pem".into(), "/etc/me.key".into())),
    };
    assert_eq!(of(Signal::Metrics).tls, tls);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(all.resource, [pair("team", "platform eng"), pair("service.name", "gopls-fleet")]);
    assert!(!format!("{all:?}").contains("abc"), "a secret is in no text");
}

#[test]
fn a_signal_can_be_switched_off_and_so_can_all() {
    let off = |signals: &[&'static str]| {
        let variables: Vec<_> = signals.iter().map(|name| (*name, "none")).collect();
        destination(&variables, &Said::default()).map(|all| all.targets.len())
    };
    assert_eq!(off(&["OTEL_LOGS_EXPORTER"]), Ok(2));
    let all = ["OTEL_LOGS_EXPORTER", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"];
    assert_eq!(off(&all), Err(ConfigError::Nothing));
    let disabled = destination(&[("OTEL_SDK_DISABLED", "TRUE")], &Said::default());
    assert_eq!(disabled, Err(ConfigError::Disabled));
}

#[test]
fn words_count_however_they_are_spelled() {
    let all = destination(
        &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "Gzip"),
            ("OTEL_TRACES_EXPORTER", "console, OTLP"),
            ("OTEL_LOGS_EXPORTER", "None"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
        ],
        &Said::default(),
    )
    .unwrap();
    let signals: Vec<_> =
        all.targets.iter().map(|(signal, target)| (*signal, target.protocol, target.gzip)).collect();
    assert_eq!(signals, [(Signal::Traces, Protocol::Grpc, true), (Signal::Metrics, Protocol::Grpc, true)]);
    assert_eq!(all.metrics_every, Duration::from_secs(15));
    let usual =
        |ms: &'static str| destination(&[("OTEL_METRIC_EXPORT_INTERVAL", ms)], &Said::default()).unwrap();
    assert_eq!(
        (usual("").metrics_every, usual("1").metrics_every),
        (Duration::from_secs(60), Duration::from_secs(1))
    );
}

#[test]
fn what_cannot_be_used_is_named_and_no_secret_with_it() {
    let cases = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@x", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "me:hunter2@x:1:2", "not shown"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf, grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b,hunter2", "entry 2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0d%0ax: y", "entry 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2", "entry 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2,Content-Length=3", "Content-Length is the request's own"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "grpc-timeout=hunter2", "grpc-timeout"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,hunter2", "entry 2"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip, none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k", "CLIENT_CERTIFICATE"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp, none"),
        ("OTEL_TRACES_EXPORTER", "otlp,none", "otlp, none"),
    ];
    for (name, value, expected) in cases {
        let text = destination(&[(name, value)], &Said::default()).unwrap_err().to_string();
        assert!(text.contains(expected) && text.contains(name), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn profiles_go_to_the_push_api_below_the_address() {
    let said = Said { pyroscope: Some("http://profiles.example:4040/base/".into()), ..Said::default() };
    let all = destination(&[("STALLSCOPE_PYROSCOPE_HEADERS", "X-Scope-OrgID=team-1")], &said).unwrap();
    let profiles = all.profiles.unwrap();
    assert_eq!(profiles.url.as_str(), "http://profiles.example:4040/base/push.v1.PusherService/Push");
    assert_eq!(profiles.headers[0].0, "x-scope-orgid");
    assert_eq!(profiles.shown(), "http://profiles.example:4040 (Pyroscope)");
}
