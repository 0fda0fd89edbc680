//! The values of a profile by classes of stacks.

use super::index::{HeapError, HeapIndex};

impl HeapIndex {
    /// The sum of each class and that of all samples. A stack is of the class of its innermost function which has one.
    ///
    /// # Errors
    /// The profile has no such sample type.
    pub(crate) fn sums_by_class<const N: usize>(
        &self,
        sample_type: &str,
        class_of: impl Fn(&str) -> Option<usize>,
    ) -> Result<([i64; N], i64), HeapError> {
        let kind = self.kind(Some(sample_type))?;
        let classes: Vec<_> = self.nodes.list.iter().map(|node| class_of(&node.name)).collect();
        let (mut sums, mut total) = ([0i64; N], 0i64);
        for sample in 0..self.profile.samples.len() {
            let value = self.profile.value(sample, kind);
            total = total.saturating_add(value);
            let mut frames = self.profile.samples.stack(sample).iter().flat_map(|at| self.nodes.at(*at));
            if let Some(class) = frames.find_map(|node| classes[*node as usize])
                && let Some(sum) = sums.get_mut(class)
            {
                *sum = sum.saturating_add(value);
            }
        }
        Ok((sums, total))
    }
}
