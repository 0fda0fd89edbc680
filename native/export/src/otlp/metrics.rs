//! What was counted, as metrics.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use stallscope_core::model::SECOND;

use super::attributes::text;
use super::scope;
use crate::tally::{MEMORY_BOUNDS_BYTES, Row, Spread, Tally, WAIT_BOUNDS_NS};

/// An older moment is past: backends refuse what is much older than what they have, and the whole request with it.
const FRESH_NS: u64 = 600 * SECOND;
const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// All figures of a tally that began at `start_unix_ns`, as of `now_unix_ns`.
pub fn metrics(
    tally: &Tally,
    start_unix_ns: u64,
    now_unix_ns: u64,
    resource: &Resource,
) -> ExportMetricsServiceRequest {
    let at = Moment { start_unix_ns, now_unix_ns };
    let seconds = Scale { bounds: &WAIT_BOUNDS_NS, unit: SECOND };
    let bytes = Scale { bounds: &MEMORY_BOUNDS_BYTES, unit: 1 };
    let waits = tally.waits.iter().map(|row| at.spread(&row.of, &seconds, labels(row, ["method", "cause"])));
    let one = |spread: &Spread, scale| (spread.count > 0).then(|| at.spread(spread, scale, Vec::new()));
    let metrics = vec![
        histogram("stallscope.stall.duration", "s", "How long somebody waited", waits.collect()),
        histogram(
            "stallscope.stall.rss_peak",
            "By",
            "The most resident memory of gopls during a stall",
            one(&tally.rss_peak, &bytes).into_iter().collect(),
        ),
        histogram(
            "stallscope.stall.live_heap",
            "By",
            "The live heap of gopls during a stall, by its heap profile",
            one(&tally.live_heap, &bytes).into_iter().collect(),
        ),
        at.gauge(
            "stallscope.gopls.rss",
            "The resident memory of gopls at the end of the latest stall",
            tally.latest_rss,
        ),
        at.gauge(
            "stallscope.gopls.live_heap",
            "The live heap of gopls in the latest heap profile",
            tally.latest_live_heap,
        ),
        at.sum(
            "stallscope.captures",
            "What was captured of gopls during stalls",
            &tally.captures,
            ["kind", "state"],
        ),
        at.sum("stallscope.incidents", "Stalls, by what sampling said", &tally.incidents, ["sampling", ""]),
        at.sum(
            "stallscope.export.drops",
            "What was to be sent and will not be",
            &tally.drops,
            ["signal", "reason"],
        ),
    ];
    let metrics = metrics.into_iter().flatten().collect();
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
    let of_resource =
        ResourceMetrics { resource: Some(resource.clone()), scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }
}

/// Bounds in whole units of what is counted, and how many of these make one of what is told.
struct Scale<'a> {
    bounds: &'a [u64],
    unit: u64,
}

struct Moment {
    start_unix_ns: u64,
    now_unix_ns: u64,
}

impl Moment {
    fn spread(&self, spread: &Spread, scale: &Scale<'_>, attributes: Vec<KeyValue>) -> HistogramDataPoint {
        let told = |value: u64| value as f64 / scale.unit as f64;
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: self.start_unix_ns,
            time_unix_nano: self.now_unix_ns,
            count: spread.count,
            sum: Some(told(spread.sum)),
            bucket_counts: spread.buckets.clone(),
            explicit_bounds: scale.bounds.iter().map(|bound| told(*bound)).collect(),
            ..HistogramDataPoint::default()
        }
    }

    fn sum(&self, name: &str, description: &str, rows: &[Row<u64>], names: [&str; 2]) -> Option<Metric> {
        let data_points: Vec<_> = rows
            .iter()
            .map(|row| NumberDataPoint {
                attributes: labels(row, names),
                start_time_unix_nano: self.start_unix_ns,
                time_unix_nano: self.now_unix_ns,
                value: Some(Value::AsInt(i64::try_from(row.of).unwrap_or(i64::MAX))),
                ..NumberDataPoint::default()
            })
            .collect();
        let sum = Sum { data_points, aggregation_temporality: CUMULATIVE, is_monotonic: true };
        (!sum.data_points.is_empty()).then(|| metric(name, "1", description, Data::Sum(sum)))
    }

    /// A figure of the moment it was seen at; none when that is past.
    fn gauge(&self, name: &str, description: &str, latest: Option<(u64, u64)>) -> Option<Metric> {
        let (bytes, at_unix_ns) = latest?;
        if self.now_unix_ns.abs_diff(at_unix_ns) > FRESH_NS {
            return None;
        }
        let point = NumberDataPoint {
            time_unix_nano: at_unix_ns,
            value: Some(Value::AsInt(i64::try_from(bytes).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        };
        Some(metric(name, "By", description, Data::Gauge(Gauge { data_points: vec![point] })))
    }
}

fn histogram(name: &str, unit: &str, description: &str, points: Vec<HistogramDataPoint>) -> Option<Metric> {
    let histogram = Histogram { data_points: points, aggregation_temporality: CUMULATIVE };
    (!histogram.data_points.is_empty()).then(|| metric(name, unit, description, Data::Histogram(histogram)))
}

fn metric(name: &str, unit: &str, description: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        description: description.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn labels<T>(row: &Row<T>, names: [&str; 2]) -> Vec<KeyValue> {
    let pairs = names.into_iter().zip(&row.labels).filter(|(name, _)| !name.is_empty());
    pairs.map(|(name, value)| text(name, value)).collect()
}
