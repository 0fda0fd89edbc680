//! How much of a profile is held by certain stacks: those through, or allocated in, functions with given names.

use super::index::{HeapError, HeapIndex};
use super::table::Sums;

/// What is asked for: what is in use now, or what was ever allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Live as of the last completed GC cycle.
    InUse,
    /// Allocated since the process began, whether freed or not.
    Allocated,
}

impl Space {
    pub(super) fn sample_type(self) -> &'static str {
        match self {
            Self::InUse => "inuse_space",
            Self::Allocated => "alloc_space",
        }
    }
}

/// Names of packages, types or functions, matched by whole elements at the end of an import path.
///
/// `gopls/internal/cache` is every function of that package in any module, `gopls/internal/cache.(*Snapshot)` every
/// method of that type, `gopls/internal/cache.(*Snapshot).clone` one function with its closures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionNames(pub Vec<String>);

impl FunctionNames {
    /// Whether a function is one of them.
    pub fn match_function(&self, function: &str) -> bool {
        self.0.iter().any(|name| {
            function.match_indices(name.as_str()).any(|(start, _)| {
                let begins = start == 0 || function.as_bytes()[start - 1] == b'/';
                // A method, a closure, the body of a range loop, or type arguments follow.
                let ends = function[start + name.len()..].starts_with(['.', '-', '[']);
                begins && (ends || function.len() == start + name.len())
            })
        })
    }
}

/// Which stacks are meant. An empty list asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackFilter {
    /// The function that allocated is one of these.
    pub allocated_in: FunctionNames,
    /// One of these is in the stack.
    pub through: FunctionNames,
    /// None of these is in the stack.
    pub not_through: FunctionNames,
}

/// What one function holds within the stacks that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBy {
    /// Its full name, as `go tool pprof` prints it.
    pub function: String,
    /// Bytes it allocated itself.
    pub flat: i64,
    /// Bytes it and its callees allocated.
    pub cum: i64,
}

/// Objects of a size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LargeObjects {
    /// All of them together.
    pub bytes: i64,
    /// The largest of them; 0 if there is none.
    pub largest_object_bytes: i64,
}

impl HeapIndex {
    /// Bytes in all stacks, without gopls's ballast: for [`Space::InUse`] the live heap.
    pub fn total_without_ballast(&self, space: Space) -> Result<i64, HeapError> {
        let kind = self.kind(Some(space.sample_type()))?;
        Ok(self.table(kind).total.saturating_sub(self.ballast.value(&self.profile, kind)))
    }

    /// Bytes in the stacks that are meant. The ballast is never among them.
    pub fn held(&self, filter: &StackFilter, space: Space) -> Result<i64, HeapError> {
        let kind = self.kind(Some(space.sample_type()))?;
        let samples = self.samples_of(filter);
        Ok(samples.fold(0i64, |sum, sample| sum.saturating_add(self.profile.value(sample, kind))))
    }

    /// The `limit` functions that hold most within the stacks that are meant, by what they allocated themselves.
    pub fn heaviest(&self, filter: &StackFilter, limit: usize) -> Result<Vec<HeldBy>, HeapError> {
        let kind = self.kind(Some(Space::InUse.sample_type()))?;
        let mut sums = vec![Sums::default(); self.nodes.list.len()];
        for sample in self.samples_of(filter) {
            let value = self.profile.value(sample, kind);
            let stack = self.profile.samples.stack(sample);
            let mut counted: Vec<u32> = stack.iter().flat_map(|at| self.nodes.at(*at)).copied().collect();
            counted.sort_unstable();
            counted.dedup();
            for node in counted {
                let cell = &mut sums[node as usize];
                cell.cum = cell.cum.saturating_add(value);
            }
            if let Some(leaf) = stack.first() {
                let cell = &mut sums[self.nodes.at(*leaf)[0] as usize];
                cell.flat = cell.flat.saturating_add(value);
            }
        }
        let mut rows: Vec<HeldBy> = (self.nodes.list.iter().zip(sums))
            .filter(|(_, sums)| sums.flat > 0)
            .map(|(node, Sums { flat, cum })| HeldBy { function: node.name.clone(), flat, cum })
            .collect();
        rows.sort_unstable_by(|a, b| b.flat.cmp(&a.flat).then_with(|| a.function.cmp(&b.function)));
        rows.truncate(limit);
        Ok(rows)
    }

    /// Live objects of at least this size in the stacks that are meant. A profile tells an object's size and who
    /// allocated it, not its type.
    pub fn large_objects(
        &self,
        filter: &StackFilter,
        min_object_bytes: i64,
    ) -> Result<LargeObjects, HeapError> {
        let kind = self.kind(Some(Space::InUse.sample_type()))?;
        let mut found = LargeObjects::default();
        for sample in self.samples_of(filter) {
            let labels = self.profile.samples.labels(sample).iter();
            let size = labels.filter(|label| self.profile.text(label.key) == "bytes").map(|l| l.number).max();
            let bytes = self.profile.value(sample, kind);
            if let Some(size) = size.filter(|size| *size >= min_object_bytes && bytes > 0) {
                found.bytes = found.bytes.saturating_add(bytes);
                found.largest_object_bytes = found.largest_object_bytes.max(size);
            }
        }
        Ok(found)
    }

    fn samples_of(&self, filter: &StackFilter) -> impl Iterator<Item = usize> {
        let marks = |names: &FunctionNames| -> Option<Vec<bool>> {
            let mark = |names: &FunctionNames| {
                self.nodes.list.iter().map(|node| names.match_function(&node.name)).collect()
            };
            (!names.0.is_empty()).then(|| mark(names))
        };
        let allocated_in = marks(&filter.allocated_in);
        let through = marks(&filter.through);
        let not_through = marks(&filter.not_through);
        (0..self.profile.samples.len()).filter(move |sample| {
            let stack = self.profile.samples.stack(*sample);
            let any = |marks: &Option<Vec<bool>>, otherwise: bool| {
                marks.as_ref().map_or(otherwise, |marks| {
                    stack.iter().flat_map(|at| self.nodes.at(*at)).any(|node| marks[*node as usize])
                })
            };
            let leaf = || stack.first().map(|leaf| self.nodes.at(*leaf)[0]);
            let is_leaf = |marks: &Vec<bool>| leaf().is_some_and(|leaf| marks[leaf as usize]);
            allocated_in.as_ref().is_none_or(is_leaf)
                && any(&through, true)
                && !any(&not_through, false)
                && !self.ballast.is(*sample)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_by_whole_elements() {
        let matches = |name: &str, function: &str| FunctionNames(vec![name.into()]).match_function(function);
        let clone = "golang.org/x/tools/gopls/internal/cache.(*Snapshot).clone";
        assert!(matches("gopls/internal/cache", clone), "a package");
        assert!(matches("gopls/internal/cache.(*Snapshot)", clone), "a type");
        assert!(matches("gopls/internal/cache.(*Snapshot).clone", clone), "a method");
        assert!(matches(clone, clone), "the whole name");
        assert!(matches("gopls/internal/cache.(*Snapshot).clone", &format!("{clone}.func1")), "a closure");
        assert!(
            matches("gopls/internal/cache.(*Snapshot).clone", &format!("{clone}-range2")),
            "a loop's body"
        );
        assert!(matches("slices.Grow", "slices.Grow[...]"), "an instance");
        assert!(matches("os", "os.ReadFile"), "a package of one element");
        assert!(!matches("internal/cach", clone));
        assert!(!matches("opls/internal/cache", clone));
        assert!(!matches("gopls/internal/cache.(*Snapshot).clon", clone));
        assert!(!matches("gopls/internal/cache", "golang.org/x/tools/gopls/internal/cache/parsego.Parse"));
        assert!(!matches("os", "macos.ReadFile"));
        assert!(!FunctionNames::default().match_function(clone));
    }
}
