//! What gopls's spans mean: the one place that knows their names. `docs/spans.md` says how it was found out.

use crate::wait::Phase;

/// What the time of a span itself, outside the spans within it, was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This.
    Is(Phase),
    /// Waiting for the messages before it. What those do tells more.
    Queued,
    /// Serving a message: its own work, unless it waits for a load that another message has begun.
    Serving,
    /// A batch of type checking. It may wait for packages that another request's batch checks, because the two share them.
    Batch,
}

/// The meaning of a span by its name.
pub(super) fn meaning(name: &str) -> Meaning {
    match name {
        "queued" => Meaning::Queued,
        "initialized" | "server.Initialized" => Meaning::Is(Phase::AwaitingLoad),
        LOAD => Meaning::Is(Phase::Metadata),
        "cache.readFile" => Meaning::Is(Phase::Io),
        "cache.ParseGoSrc" | "cache.ParseMod" | "cache.ParseWork" => Meaning::Is(Phase::Parsing),
        "cache.typeCheckBatch.importPackage" => Meaning::Is(Phase::Importing),
        "cache.typeCheckBatch.checkPackage" | "cache.typeCheckBatch.checkPackageForImport" => {
            Meaning::Is(Phase::TypeChecking)
        }
        "snapshot.Analyze" => Meaning::Is(Phase::Analysis),
        // `cache.typeCheckBatch.query` in some versions.
        "cache.forEachPackage" | "cache.typeCheckBatch.query" => Meaning::Batch,
        "cache.snapshot.PackageDiagnostics"
        | "cache.snapshot.References"
        | "cache.snapshot.MethodSets"
        | "cache.snapshot.Tests" => Meaning::Batch,
        name if name.starts_with(GO_COMMAND) => Meaning::Is(Phase::GoCommand),
        name if name.starts_with("server.") => Meaning::Serving,
        _ => Meaning::Is(Phase::Other),
    }
}

/// The span of a load of packages.
pub(super) const LOAD: &str = "cache.snapshot.load";
/// How the names of the spans of a `go` command begin.
const GO_COMMAND: &str = "gocommand.Runner.";

/// What may run at the same moment in the loads that a request waits for, the most telling first: of several that do, the
/// first names the moment.
pub(super) const IN_LOADS: [Phase; 4] = [Phase::GoCommand, Phase::Io, Phase::Metadata, Phase::AwaitingLoad];

/// The same for batches of type checking, by what each of them waited for. They share the packages that are checked or
/// imported, and what is parsed for that, not what they parse before to find out which of them they need.
pub(super) const IN_BATCHES: [Phase; 3] = [Phase::Parsing, Phase::TypeChecking, Phase::Importing];
