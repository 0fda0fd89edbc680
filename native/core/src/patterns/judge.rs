//! Judges every rule on the evidence.

use super::evidence::{Evidence, Facts, Point};
use super::file::Rules;
use super::finding::{Confidence, Finding, FunctionBytes, Judgement, Measured, Missing, NotJudged, Unit};
use super::rule::{Condition, Counter, FactName, Rule};
use crate::growth::{Growth, steady_growth};
use crate::heap::{HeapError, HeapIndex, Space, StackFilter};

/// So many functions are named in a finding.
const FUNCTIONS: usize = 5;

/// Evidence that cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// A profile is no heap profile.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// What a process has allocated since it began never falls.
    #[error(
        "profile {number} is older than the one before it, or of another process: give the profiles of one process in order of time"
    )]
    NotInOrder {
        /// Which, from 1.
        number: usize,
    },
}

/// What became of each rule. Without any evidence: what each rule needs. An error says that the profiles are no heap profiles of one process in order.
pub fn evaluate(rules: &Rules, evidence: &Evidence<'_>) -> Result<Judgement, EvidenceError> {
    let judge = Judge::new(evidence)?;
    let mut judgement = Judgement::default();
    for rule in rules.list() {
        match judge.rule(rule)? {
            Verdict::Holds(seen) => judgement.findings.push(judge.finding(rule, seen)?),
            Verdict::Missing(missing) => {
                judgement.not_judged.push(NotJudged { rule: rule.id.clone(), missing });
            }
            Verdict::Fails => judgement.clear.push(rule.id.clone()),
        }
    }
    judgement.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.confidence.cmp(&a.confidence)));
    Ok(judgement)
}

enum Verdict {
    Holds(Seen),
    Fails,
    Missing(Vec<Missing>),
}

/// What makes a condition hold.
struct Seen {
    confidence: Confidence,
    measured: Vec<Measured>,
}

struct Judge<'a> {
    /// One profile per GC cycle.
    profiles: Vec<&'a HeapIndex>,
    /// One point per GC cycle.
    series: Vec<Point>,
    facts: Facts,
}

impl<'a> Judge<'a> {
    fn new(evidence: &Evidence<'a>) -> Result<Self, EvidenceError> {
        let mut profiles: Vec<&HeapIndex> = Vec::new();
        let mut allocated_before = i64::MIN;
        for (index, profile) in evidence.profiles.iter().enumerate() {
            let allocated = profile.total_without_ballast(Space::Allocated)?;
            if allocated < allocated_before {
                return Err(EvidenceError::NotInOrder { number: index + 1 });
            }
            // A profile is that of the last completed cycle, allocations too: equal ones are of the same cycle.
            if allocated > allocated_before {
                profiles.push(profile);
            }
            allocated_before = allocated;
        }
        let mut series: Vec<Point> = Vec::new();
        for point in evidence.series {
            let is_same = |last: &Point| match (last.gc_cycle, point.gc_cycle) {
                (Some(last), Some(this)) => last == this,
                _ => last.live_heap_bytes == point.live_heap_bytes,
            };
            match series.last_mut() {
                Some(last) if is_same(last) => *last = *point,
                _ => series.push(*point),
            }
        }
        Ok(Self { profiles, series, facts: evidence.facts })
    }

    /// All conditions must hold. One that fails decides; only without such a one it matters what is missing.
    fn rule(&self, rule: &Rule) -> Result<Verdict, EvidenceError> {
        let mut seen = Seen { confidence: Confidence::High, measured: Vec::new() };
        let mut missing = Vec::new();
        for condition in &rule.when {
            match self.condition(condition)? {
                Verdict::Fails => return Ok(Verdict::Fails),
                Verdict::Missing(more) => missing.extend(more),
                Verdict::Holds(more) => {
                    seen.confidence = seen.confidence.min(more.confidence);
                    seen.measured.extend(more.measured);
                }
            }
        }
        missing.sort();
        missing.dedup();
        Ok(if missing.is_empty() { Verdict::Holds(seen) } else { Verdict::Missing(missing) })
    }

    fn finding(&self, rule: &Rule, seen: Seen) -> Result<Finding, EvidenceError> {
        let stacks = rule.when.iter().find_map(|condition| match condition {
            Condition::Held { stacks, .. }
            | Condition::LargeObjects { stacks, .. }
            | Condition::Growing { stacks, .. } => Some(stacks),
            _ => None,
        });
        let heaviest = match (stacks, self.profiles.last()) {
            (Some(stacks), Some(profile)) => profile.heaviest(stacks, FUNCTIONS)?,
            _ => Vec::new(),
        };
        let row = |by: crate::heap::HeldBy| FunctionBytes {
            function: by.function,
            flat_bytes: by.flat,
            cum_bytes: by.cum,
        };
        Ok(Finding {
            rule: rule.id.clone(),
            severity: rule.severity,
            confidence: seen.confidence,
            measured: seen.measured,
            functions: heaviest.into_iter().map(row).collect(),
        })
    }

    fn condition(&self, condition: &Condition) -> Result<Verdict, EvidenceError> {
        match condition {
            Condition::Held { stacks, min_bytes, min_share } => self.held(stacks, *min_bytes, *min_share),
            Condition::LargeObjects { stacks, min_object_bytes, min_bytes } => {
                self.large_objects(stacks, *min_object_bytes, *min_bytes)
            }
            Condition::Growing { stacks, min_cycles, min_bytes, min_share_of_growth } => {
                self.growing(stacks, *min_cycles, *min_bytes as f64, *min_share_of_growth)
            }
            Condition::Rising { what, min_cycles, min_growth } => {
                Ok(self.rising(*what, *min_cycles, *min_growth as f64))
            }
            Condition::Fact { fact, at_least } => Ok(self.fact(*fact, *at_least)),
            Condition::FactRatio { fact, per, at_least } => Ok(self.fact_ratio(*fact, *per, *at_least)),
        }
    }

    fn held(&self, stacks: &StackFilter, min_bytes: u64, min_share: f64) -> Result<Verdict, EvidenceError> {
        let Some(profile) = self.profiles.last() else {
            return Ok(Verdict::Missing(vec![Missing::Profile]));
        };
        let held = profile.held(stacks, Space::InUse)? as f64;
        let share = held / (profile.total_without_ballast(Space::InUse)? as f64).max(1.0);
        if held < min_bytes as f64 || share < min_share {
            return Ok(Verdict::Fails);
        }
        Ok(holds(
            Confidence::Low,
            [measured("held", held, Unit::Bytes), measured("held_share", share, Unit::Share)],
        ))
    }

    fn large_objects(
        &self,
        stacks: &StackFilter,
        min_object_bytes: u64,
        min_bytes: u64,
    ) -> Result<Verdict, EvidenceError> {
        let Some(profile) = self.profiles.last() else {
            return Ok(Verdict::Missing(vec![Missing::Profile]));
        };
        let objects = profile.large_objects(stacks, i64::try_from(min_object_bytes).unwrap_or(i64::MAX))?;
        let held = objects.bytes as f64;
        if objects.largest_object_bytes == 0 || held < min_bytes as f64 {
            return Ok(Verdict::Fails);
        }
        let largest = objects.largest_object_bytes as f64;
        Ok(holds(
            Confidence::Low,
            [measured("held", held, Unit::Bytes), measured("largest_object", largest, Unit::Bytes)],
        ))
    }

    fn growing(
        &self,
        stacks: &StackFilter,
        min_cycles: u64,
        min_bytes: f64,
        min_share: f64,
    ) -> Result<Verdict, EvidenceError> {
        let (Some(first), Some(last)) = (self.profiles.first(), self.profiles.last()) else {
            return Ok(Verdict::Missing(vec![Missing::Profile, Missing::GcCycles { more: min_cycles }]));
        };
        let held_now = last.held(stacks, Space::InUse)? as f64;
        // It cannot have grown by more than there is.
        if held_now < min_bytes {
            return Ok(Verdict::Fails);
        }
        let growth = match self.growth_of(stacks, min_cycles)? {
            Ok(growth) => growth,
            Err(verdict) => return Ok(verdict),
        };
        let live_before = first.total_without_ballast(Space::InUse)?;
        let live_growth = last.total_without_ballast(Space::InUse)?.saturating_sub(live_before) as f64;
        let share = growth.total / live_growth;
        if growth.total < min_bytes || live_growth <= 0.0 || share < min_share {
            return Ok(Verdict::Fails);
        }
        let mut values = vec![
            measured("growth", growth.total, Unit::Bytes),
            measured("growth_per_cycle", growth.total / growth.steps as f64, Unit::Bytes),
            measured("growth_share", share, Unit::Share),
            measured("cycles", growth.steps as f64, Unit::Count),
            measured("held", held_now, Unit::Bytes),
        ];
        if let Some(saves) = self.saves() {
            values.push(measured("growth_per_save", growth.total / saves, Unit::Bytes));
        }
        Ok(holds(confidence(growth, min_cycles), values))
    }

    /// How the stacks grew from cycle to cycle: by a profile of each; or by two profiles, and a live heap that grew
    /// steadily over enough cycles.
    fn growth_of(
        &self,
        stacks: &StackFilter,
        min_cycles: u64,
    ) -> Result<Result<Growth, Verdict>, EvidenceError> {
        let mut held = Vec::with_capacity(self.profiles.len());
        for profile in &self.profiles {
            held.push(profile.held(stacks, Space::InUse)? as f64);
        }
        let steps = held.len() as u64 - 1;
        if steps >= min_cycles {
            return Ok(steady_growth(&held).ok_or(Verdict::Fails));
        }
        let live: Vec<f64> = self.series.iter().map(|point| point.live_heap_bytes as f64).collect();
        let points = (live.len() as u64).saturating_sub(1);
        if steps >= 1 && points >= min_cycles {
            let total = held[held.len() - 1] - held[0];
            let growth = steady_growth(&live).map(|live| Growth { total, steps: live.steps });
            return Ok(growth.ok_or(Verdict::Fails));
        }
        let have = if steps >= 1 { steps.max(points) } else { 0 };
        Ok(Err(Verdict::Missing(vec![Missing::GcCycles { more: min_cycles - have }])))
    }

    /// Saves between the first point and the last, if known and any.
    fn saves(&self) -> Option<f64> {
        let before = self.series.first()?.saves?;
        let after = self.series.last()?.saves?;
        after.checked_sub(before).filter(|saves| *saves > 0).map(|saves| saves as f64)
    }

    fn rising(&self, what: Counter, min_cycles: u64, min_growth: f64) -> Verdict {
        let value = |point: &Point| match what {
            Counter::LiveHeap => Some(point.live_heap_bytes as f64),
            Counter::Goroutines => point.goroutines.map(|count| count as f64),
            Counter::ViewsRecreated => point.views_recreated.map(|count| count as f64),
        };
        let values: Vec<f64> = self.series.iter().filter_map(value).collect();
        let steps = (values.len() as u64).saturating_sub(1);
        if steps < min_cycles {
            // The first step takes two points.
            let more = min_cycles - steps + u64::from(values.is_empty());
            return Verdict::Missing(vec![match what {
                Counter::LiveHeap => Missing::GcCycles { more: min_cycles - steps },
                _ => Missing::Points { counter: what.name().to_owned(), more },
            }]);
        }
        let unit = if what == Counter::LiveHeap { Unit::Bytes } else { Unit::Count };
        match steady_growth(&values) {
            Some(growth) if growth.total >= min_growth => holds(
                confidence(growth, min_cycles),
                [measured(&format!("{}_growth", what.name()), growth.total, unit)],
            ),
            _ => Verdict::Fails,
        }
    }

    fn fact(&self, fact: FactName, at_least: u64) -> Verdict {
        match self.value(fact) {
            None => missing_fact(fact),
            Some(value) if value < at_least => Verdict::Fails,
            Some(value) => holds(Confidence::High, [measured(fact.name(), value as f64, unit(fact))]),
        }
    }

    fn fact_ratio(&self, fact: FactName, per: FactName, at_least: f64) -> Verdict {
        let (Some(value), Some(base)) = (self.value(fact), self.value(per)) else {
            return missing_fact(if self.value(fact).is_none() { fact } else { per });
        };
        let times = value as f64 / base as f64;
        // Not a number for nothing per nothing.
        if base == 0 || times < at_least {
            return Verdict::Fails;
        }
        let name = format!("{}_per_{}", fact.name(), per.name());
        holds(
            Confidence::High,
            [
                measured(fact.name(), value as f64, unit(fact)),
                measured(per.name(), base as f64, unit(per)),
                measured(&name, times, Unit::Times),
            ],
        )
    }

    fn value(&self, fact: FactName) -> Option<u64> {
        match fact {
            FactName::Views => self.facts.views,
            FactName::ViewsRecreated => self.facts.views_recreated,
            FactName::Files => self.facts.files,
            FactName::CompiledGoFiles => self.facts.compiled_go_files,
            FactName::Packages => self.facts.packages,
            FactName::WorkspaceModules => self.facts.workspace_modules,
            FactName::LargestFileBytes => self.facts.largest_file_bytes,
            FactName::Diagnostics => self.facts.diagnostics,
            FactName::GoplsProcesses => self.facts.gopls_processes,
        }
    }
}

fn unit(fact: FactName) -> Unit {
    if fact == FactName::LargestFileBytes { Unit::Bytes } else { Unit::Count }
}

fn missing_fact(fact: FactName) -> Verdict {
    Verdict::Missing(vec![Missing::Fact { fact: fact.name().to_owned() }])
}

fn confidence(growth: Growth, min_cycles: u64) -> Confidence {
    if growth.steps as u64 >= min_cycles.saturating_mul(2) { Confidence::High } else { Confidence::Medium }
}

fn measured(name: &str, value: f64, unit: Unit) -> Measured {
    Measured { name: name.to_owned(), value, unit }
}

fn holds(confidence: Confidence, measured: impl Into<Vec<Measured>>) -> Verdict {
    Verdict::Holds(Seen { confidence, measured: measured.into() })
}
