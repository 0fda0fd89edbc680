//! gopls allocates 100 MB on purpose and never touches them. Who does not know that takes them for a leak.

use stallscope_pprof::Profile;

use super::nodes::Nodes;

/// The package initialiser which allocates the ballast (`cache.init`, `cache.init.0`, …).
const ALLOCATED_IN: &str = "golang.org/x/tools/gopls/internal/cache.init";
/// `make([]byte, 100e6)`, rounded up to the size class: 100,007,936 on 64 bit.
const SIZE_BYTES: std::ops::Range<i64> = 100_000_000..101_000_000;

/// The samples which are ballast, and the function each was allocated in. Usually there is exactly one.
#[derive(Debug, Default)]
pub(crate) struct Ballast {
    samples: Vec<(usize, u32)>,
}

impl Ballast {
    pub(crate) fn find(profile: &Profile, nodes: &Nodes) -> Self {
        let is_initialiser: Vec<bool> =
            nodes.list.iter().map(|node| node.name.starts_with(ALLOCATED_IN)).collect();
        if !is_initialiser.contains(&true) {
            return Self::default();
        }
        let samples = (0..profile.samples.len()).filter_map(|sample| {
            let leaf = nodes.at(*profile.samples.stack(sample).first()?)[0];
            let one_object = profile
                .samples
                .labels(sample)
                .iter()
                .any(|label| profile.text(label.key) == "bytes" && SIZE_BYTES.contains(&label.number));
            (is_initialiser[leaf as usize] && one_object).then_some((sample, leaf))
        });
        Self { samples: samples.collect() }
    }

    /// Whether a row is labelled: it is where the ballast was allocated.
    pub(crate) fn contains(&self, node: u32) -> bool {
        self.samples.iter().any(|(_, leaf)| *leaf == node)
    }

    /// The samples that are ballast.
    pub(crate) fn samples(&self) -> impl Iterator<Item = usize> {
        self.samples.iter().map(|(sample, _)| *sample)
    }

    /// Whether a sample is ballast.
    pub(crate) fn is(&self, sample: usize) -> bool {
        self.samples.iter().any(|(ballast, _)| *ballast == sample)
    }

    /// How much of the total of a sample type is ballast.
    pub(crate) fn value(&self, profile: &Profile, kind: usize) -> i64 {
        self.samples.iter().map(|(sample, _)| profile.value(*sample, kind)).sum()
    }
}
