//! Which subsystem each sample belongs to: the frame nearest to the leaf that a rule lets decide.

use stallscope_pprof::Profile;

use super::rules::{Say, SubsystemRules};
use crate::heap::ballast::Ballast;
use crate::heap::nodes::Nodes;

/// The subsystem of every sample of a profile, whatever is counted.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub rules: &'static SubsystemRules,
    of_sample: Vec<u8>,
}

impl Assignment {
    /// Rules are looked up once per function; then every stack is walked as far as the frame that decides.
    pub(crate) fn new(
        profile: &Profile,
        nodes: &Nodes,
        ballast: &Ballast,
        rules: &'static SubsystemRules,
    ) -> Self {
        let says: Vec<Say> = nodes.list.iter().map(|node| rules.say(&node.name)).collect();
        let subsystem = |sample: usize| {
            let mut fallback = rules.unassigned();
            for location in profile.samples.stack(sample) {
                for node in nodes.at(*location) {
                    match says[*node as usize] {
                        Say::Decides(number) => return number,
                        Say::Yields(number) if fallback == rules.unassigned() => fallback = number,
                        Say::Yields(_) | Say::Nothing => {}
                    }
                }
            }
            fallback
        };
        let mut of_sample: Vec<u8> = (0..profile.samples.len()).map(subsystem).collect();
        for sample in ballast.samples() {
            of_sample[sample] = rules.ballast();
        }
        Self { rules, of_sample }
    }

    /// The number of a sample's subsystem.
    #[inline]
    pub(crate) fn of(&self, sample: usize) -> u8 {
        self.of_sample[sample]
    }
}

/// Values by subsystem, to find the one that most of them belong to.
pub(crate) struct Tally {
    sums: Vec<i64>,
}

impl Tally {
    pub(crate) fn new(rules: &SubsystemRules) -> Self {
        Self { sums: vec![0; rules.count()] }
    }

    pub(crate) fn add(&mut self, subsystem: u8, value: i64) {
        let sum = &mut self.sums[usize::from(subsystem)];
        *sum = sum.saturating_add(value.saturating_abs());
    }

    /// The subsystem with the largest sum, the first of equal ones; `None` if nothing was added. Starts over.
    pub(crate) fn take_largest(&mut self) -> Option<u8> {
        let largest = *self.sums.iter().max()?;
        let found = self.sums.iter().position(|sum| *sum == largest && *sum != 0);
        self.sums.fill(0);
        found.map(|number| number as u8)
    }
}
