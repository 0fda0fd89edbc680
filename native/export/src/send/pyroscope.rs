//! A heap profile for a Pyroscope: `push.v1.PusherService/Push`, the one message of it that is needed.
//!
//! It is in no crate that could be used for this alone: Pyroscope's own brings its profiler along.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<Series>,
}

#[derive(Clone, PartialEq, Message)]
struct Series {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(bytes = "vec", tag = "1")]
    raw_profile: Vec<u8>,
    #[prost(string, tag = "2")]
    id: String,
}

/// The request for a profile, with its labels sorted as Pyroscope wants them. `id` is the profile's own, so that one that is
/// sent twice can be recognised.
pub fn push_request(labels: &[(&str, &str)], id: String, raw_profile: Vec<u8>) -> Vec<u8> {
    let label = |(name, value): &(&str, &str)| Label { name: (*name).to_owned(), value: (*value).to_owned() };
    let mut labels: Vec<_> = labels.iter().map(label).collect();
    labels.sort_by(|a, b| a.name.cmp(&b.name));
    let series = vec![Series { labels, samples: vec![Sample { raw_profile, id }] }];
    PushRequest { series }.encode_to_vec()
}
