//! Whether memory grew at once or little by little: the first question on an issue about it.

use serde::Serialize;

use crate::model::{Bytes, Incident, MB, Ns, RssPoint};

/// Less growth than this is noise: a garbage collection moves RSS by more.
const NOTABLE_BYTES: Bytes = 5 * MB;
/// "Most of the growth".
const MOST: f64 = 0.8;
/// Most of the growth within this part of the recorded time is at once.
const AT_ONCE: f64 = 0.25;

/// How memory grew over what was recorded of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// Hardly, or too few readings to tell.
    None,
    /// Most of it within a quarter of the recorded time.
    Immediate,
    /// Over more of it.
    Gradual,
}

/// The same with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GrowthPace {
    /// In a word.
    pub pace: Pace,
    /// From the least before the peak to the peak.
    pub growth_bytes: Bytes,
    /// The shortest time in which four fifths of it came.
    pub most_within_ns: Ns,
    /// The time over which RSS was recorded.
    pub recorded_ns: Ns,
}

/// What the RSS line of an incident tells, until the wait has ended. It begins some seconds before; of the hours before that
/// it tells nothing.
pub fn growth_pace(incident: &Incident) -> GrowthPace {
    let end_ns = incident.request.end_ns.unwrap_or(Ns::MAX);
    pace_of(&incident.series[..incident.series.partition_point(|point| point.at_ns <= end_ns)])
}

fn pace_of(line: &[RssPoint]) -> GrowthPace {
    let span =
        line.first().zip(line.last()).map_or(0, |(first, last)| last.at_ns.saturating_sub(first.at_ns));
    let growth_bytes = largest_rise(line);
    if growth_bytes < NOTABLE_BYTES || span == 0 {
        return GrowthPace { pace: Pace::None, growth_bytes, most_within_ns: 0, recorded_ns: span };
    }
    let most_within_ns = shortest_rise(line, (growth_bytes as f64 * MOST) as Bytes).unwrap_or(span);
    let at_once = most_within_ns as f64 <= AT_ONCE * span as f64;
    let pace = if at_once { Pace::Immediate } else { Pace::Gradual };
    GrowthPace { pace, growth_bytes, most_within_ns, recorded_ns: span }
}

fn largest_rise(line: &[RssPoint]) -> Bytes {
    let mut least = Bytes::MAX;
    let mut most = 0;
    for point in line {
        least = least.min(point.rss_bytes);
        most = most.max(point.rss_bytes - least);
    }
    most
}

/// The shortest time within which RSS rose by at least this. The line has 1,500 points at most.
fn shortest_rise(line: &[RssPoint], rise: Bytes) -> Option<Ns> {
    let from = |(index, start): (usize, &RssPoint)| {
        let end = line[index..].iter().find(|end| end.rss_bytes >= start.rss_bytes.saturating_add(rise))?;
        Some(end.at_ns.saturating_sub(start.at_ns))
    };
    line.iter().enumerate().filter_map(from).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MS, SECOND};

    /// RSS in MB, one reading every 100 ms.
    fn line(rss_mb: &[u64]) -> Vec<RssPoint> {
        let point = |(at, mb): (u64, &u64)| RssPoint { at_ns: at * 100 * MS, rss_bytes: mb * MB };
        (0..).zip(rss_mb).map(point).collect()
    }

    #[test]
    fn a_step_is_immediate_and_a_slope_is_gradual() {
        let mut step = vec![200; 21];
        step[15..].fill(600);
        let pace = pace_of(&line(&step));
        assert_eq!((pace.pace, pace.growth_bytes), (Pace::Immediate, 400 * MB));
        assert_eq!((pace.most_within_ns, pace.recorded_ns), (100 * MS, 2 * SECOND));
        let slope: Vec<u64> = (0..21).map(|tenth| 200 + 20 * tenth).collect();
        let pace = pace_of(&line(&slope));
        assert_eq!((pace.pace, pace.growth_bytes), (Pace::Gradual, 400 * MB));
        assert_eq!(pace.most_within_ns, 1_600 * MS);
    }

    #[test]
    fn a_sawtooth_has_grown_by_its_largest_rise() {
        let pace = pace_of(&line(&[500, 300, 310, 290, 400, 380, 390, 350, 300]));
        assert_eq!((pace.pace, pace.growth_bytes), (Pace::Immediate, 110 * MB));
    }

    #[test]
    fn noise_a_fall_and_too_few_readings_are_no_growth() {
        for rss_mb in [&[300, 303, 301, 304, 300][..], &[900, 500, 300], &[300], &[]] {
            assert_eq!(pace_of(&line(rss_mb)).pace, Pace::None, "{rss_mb:?}");
        }
    }
}
