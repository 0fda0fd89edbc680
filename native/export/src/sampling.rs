//! Which incidents are sent whole: all severe ones, and a rate of the rest. All are counted in the metrics.

use sha2::{Digest, Sha256};
use stallscope_core::model::{Incident, IncidentState, Ns};
use stallscope_core::wait::CauseKind;

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Share of the incidents that are not severe, 0 to 1.
    pub rate: f64,
    /// A wait of this length is severe.
    pub severe_after_ns: Ns,
}

/// Why an incident is severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severe {
    /// Somebody waited long.
    Long,
    /// gopls ended meanwhile.
    GoplsGone,
    /// The OOM killer ended it.
    OomKilled,
    /// Memory was short, to a degree that the user calls slow.
    MemoryPressure,
}

impl Severe {
    /// Its name in attributes.
    pub fn key(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::GoplsGone => "gopls-gone",
            Self::OomKilled => "oom-killed",
            Self::MemoryPressure => "memory-pressure",
        }
    }
}

/// What is done with an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent because it is severe.
    Severe(Severe),
    /// It is sent because it is one of the rate.
    Sampled,
    /// It is only counted.
    LeftOut,
}

impl Verdict {
    /// Its name in metrics.
    pub fn key(self) -> &'static str {
        match self {
            Self::Severe(_) => "severe",
            Self::Sampled => "sampled",
            Self::LeftOut => "left-out",
        }
    }
}

impl Sampling {
    /// Judges an incident. The same one is always judged the same, whoever asks.
    pub fn judge(&self, incident: &Incident) -> Verdict {
        match self.severe(incident) {
            Some(why) => Verdict::Severe(why),
            None if point(&incident.id) < self.rate => Verdict::Sampled,
            None => Verdict::LeftOut,
        }
    }

    fn severe(&self, incident: &Incident) -> Option<Severe> {
        let causes = || incident.causes.iter();
        if causes().any(|cause| cause.kind == CauseKind::OomKilled) {
            return Some(Severe::OomKilled);
        }
        if incident.state == IncidentState::GoplsGone {
            return Some(Severe::GoplsGone);
        }
        if causes().any(|cause| cause.kind == CauseKind::MemoryPressure && cause.slow) {
            return Some(Severe::MemoryPressure);
        }
        incident.waited_ns().filter(|waited_ns| *waited_ns >= self.severe_after_ns).map(|_| Severe::Long)
    }
}

/// The place of an incident between 0 and 1, by its id alone.
fn point(id: &str) -> f64 {
    let digest = Sha256::new().chain_update("sampling\0").chain_update(id).finalize();
    let first = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    first as f64 / (u64::MAX as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::testing::incident;

    #[test]
    fn what_is_severe_is_sent_at_any_rate() {
        let none = Sampling { rate: 0.0, severe_after_ns: 5_000_000_000 };
        let mut one = incident();
        assert_eq!(none.judge(&one), Verdict::Severe(Severe::Long));
        one.request.duration_ns = Some(4_000_000_000);
        assert_eq!(none.judge(&one), Verdict::LeftOut);
        // What the extension host added counts: somebody waited for it.
        one.held_up_ns = 1_000_000_000;
        assert_eq!(none.judge(&one), Verdict::Severe(Severe::Long));
        one.held_up_ns = 0;
        one.causes[0].kind = CauseKind::MemoryPressure;
        assert_eq!(none.judge(&one), Verdict::Severe(Severe::MemoryPressure));
        one.causes[0].slow = false;
        assert_eq!(none.judge(&one), Verdict::LeftOut);
        one.state = IncidentState::GoplsGone;
        assert_eq!(none.judge(&one), Verdict::Severe(Severe::GoplsGone));
        one.causes[0].kind = CauseKind::OomKilled;
        assert_eq!(none.judge(&one), Verdict::Severe(Severe::OomKilled));
    }

    #[test]
    fn the_rest_is_sent_at_the_rate_and_always_the_same() {
        let sampling = Sampling { rate: 0.25, severe_after_ns: u64::MAX };
        let mut one = incident();
        let mut kept = Vec::new();
        for number in 0..2_000 {
            one.id = format!("20261124T0419{number:05}-hover-1");
            if sampling.judge(&one) == Verdict::Sampled {
                kept.push(number);
            }
            assert_eq!(sampling.judge(&one), sampling.judge(&one));
        }
        assert!((400..600).contains(&kept.len()), "{} of 2,000", kept.len());
        // More are kept at a higher rate, and none fewer.
        let more = Sampling { rate: 0.5, ..sampling };
        for number in kept {
            one.id = format!("20261124T0419{number:05}-hover-1");
            assert_eq!(more.judge(&one), Verdict::Sampled);
        }
        let all = Sampling { rate: 1.0, ..sampling };
        assert_eq!(all.judge(&one), Verdict::Sampled);
    }
}
