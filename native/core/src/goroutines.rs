//! gopls's `/debug/pprof/goroutine?debug=1`: what each message is doing right now, without reading every frame.
//!
//! ```text
//! goroutine profile: total 24
//! 2 @ 0x48faae 0x41e92e …
//! #  0x7d9ee4  golang.org/x/tools/gopls/internal/protocol.Handlers.AsyncHandler.func2.2+0x64  …
//! ```
//!
//! Goroutines with equal stacks share an entry; frames go from the innermost outwards.

use std::collections::BTreeMap;

use crate::lsp;

/// A longer line is cut: a function's name and place are far shorter.
const MAX_LINE_BYTES: usize = 4096;
/// Beyond this many entries a profile is cut off: gopls under load has a few hundred.
const MAX_ENTRIES: usize = 50_000;

/// What a goroutine profile says about gopls's work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goroutines {
    /// All goroutines, by the profile's first line.
    pub total: u64,
    /// Messages whose handler runs now: method and how many.
    pub serving: BTreeMap<&'static str, u64>,
    /// Handlers that are in no table of ours: a later gopls.
    pub unknown_handlers: BTreeMap<String, u64>,
    /// Messages waiting for an earlier one to let them begin; the profile does not tell their methods.
    pub queued: u64,
    /// Whether a workspace is being loaded (`go list`, or reading what it said).
    pub loading: bool,
    /// The text ended early or had more entries than gopls ever has.
    pub incomplete: bool,
}

/// The answer was no goroutine profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a goroutine profile: it begins with {0:?}")]
pub struct NotGoroutines(pub String);

/// How many there are, by the first line of the profile; the rest of it need not be there.
pub fn total(text: &str) -> Result<u64, NotGoroutines> {
    let first = text.lines().next();
    first
        .and_then(|line| line.strip_prefix("goroutine profile: total "))
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| NotGoroutines(text.chars().take(60).collect()))
}

/// Reads the profile.
pub fn parse(text: &str) -> Result<Goroutines, NotGoroutines> {
    let total = total(text)?;
    let lines = text.lines().skip(1);
    let mut found = Goroutines { total, ..Goroutines::default() };
    let mut entry = Entry::default();
    let mut entries = 0;
    let mut counted: u64 = 0;
    for line in lines {
        if line.len() > MAX_LINE_BYTES {
            found.incomplete = true;
        } else if let Some(frame) = line.strip_prefix("#\t") {
            entry.frame(function(frame));
        } else if let Some((count, _)) = line.split_once(" @ ") {
            entry.finish(&mut found);
            entries += 1;
            if entries > MAX_ENTRIES {
                break;
            }
            entry = Entry { count: count.trim().parse().unwrap_or(0), ..Entry::default() };
            counted = counted.saturating_add(entry.count);
        }
    }
    entry.finish(&mut found);
    // An entry cut off in the middle is still counted: only missing entries show.
    found.incomplete |= counted < total;
    Ok(found)
}

/// `0x7d9ee4<tab>package.function+0x64<tab>…file:line` → `package.function`.
fn function(frame: &str) -> &str {
    let name = frame.split('\t').nth(1).unwrap_or("");
    name.rsplit_once("+0x").map_or(name, |(name, _)| name)
}

/// The goroutines of one entry, while its frames are read.
#[derive(Default)]
struct Entry<'a> {
    count: u64,
    frames: usize,
    /// The frame before the current one, i.e. what the current one calls.
    callee: &'a str,
    handler: Option<&'a str>,
    queued: bool,
    loading: bool,
}

impl<'a> Entry<'a> {
    fn frame(&mut self, function: &'a str) {
        self.frames += 1;
        let name = function.rsplit('/').next().unwrap_or(function);
        match name {
            // v0.22 and later have the second inside the first.
            "protocol.serverDispatch" | "protocol.ServerDispatchCall" if self.handler.is_none() => {
                self.handler = self.callee.strip_prefix("server.(*server).");
            }
            "cache.(*Snapshot).load" | "cache.(*Snapshot).initialize" => self.loading = true,
            // The runtime's frames are left out, so a goroutine that waits in it shows nothing inside it.
            _ if self.frames == 1 && name.starts_with("protocol.") && name.contains(".AsyncHandler.func") => {
                self.queued = true;
            }
            _ if self.frames == 1 && name.starts_with("jsonrpc2.AsyncHandler.func") => self.queued = true,
            _ => {}
        }
        self.callee = name;
    }

    fn finish(&mut self, into: &mut Goroutines) {
        into.loading |= self.loading;
        if self.queued {
            into.queued = into.queued.saturating_add(self.count);
        }
        let Some(handler) = self.handler else { return };
        let count = match lsp::served_by(handler) {
            Some(method) => into.serving.entry(method).or_default(),
            None => into.unknown_handlers.entry(handler.to_owned()).or_default(),
        };
        *count = count.saturating_add(self.count);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// Profiles of real gopls versions around the first hover in a small module.
    macro_rules! dump {
        ($version:literal, $moment:literal) => {
            include_str!(concat!("../../../test/fixtures/goroutines/", $version, "-", $moment, ".txt"))
        };
    }

    #[test]
    fn during_the_first_load_the_hover_is_queued() {
        for text in [
            dump!("v0.18.1", "load"),
            dump!("v0.21.0", "load"),
            dump!("v0.22.0", "load"),
            dump!("v0.23.0", "load"),
            dump!("v0.24.0", "load"),
        ] {
            let found = parse(text).unwrap();
            assert_eq!(found.serving, BTreeMap::from([("initialized", 1)]));
            // didOpen and hover.
            assert_eq!(found.queued, 2);
            assert!(found.loading && !found.incomplete, "{found:?}");
        }
    }

    #[test]
    fn a_hover_being_served() {
        for text in [
            dump!("v0.18.1", "hover"),
            dump!("v0.21.0", "hover"),
            dump!("v0.22.0", "hover"),
            dump!("v0.23.0", "hover"),
            dump!("v0.24.0", "hover"),
        ] {
            let found = parse(text).unwrap();
            assert_eq!(found.serving, BTreeMap::from([("textDocument/hover", 1)]));
            assert_eq!((found.queued, found.loading, found.incomplete), (0, false, false));
            assert_eq!(found.unknown_handlers, BTreeMap::new());
        }
    }

    #[test]
    fn idle() {
        let found = parse(dump!("v0.23.0", "idle")).unwrap();
        assert_eq!((found.serving.len(), found.queued, found.loading), (0, 0, false));
        assert!(found.total > 5);
    }

    #[test]
    fn a_handler_of_a_later_gopls_is_kept_by_name() {
        let text = "goroutine profile: total 3\n3 @ 0x1 0x2\n\
                    #\t0x1\tgolang.org/x/tools/gopls/internal/server.(*server).Telepathy+0x1\tx.go:1\n\
                    #\t0x2\tgolang.org/x/tools/gopls/internal/protocol.serverDispatch+0x98\tx.go:2\n";
        assert_eq!(parse(text).unwrap().unknown_handlers, BTreeMap::from([("Telepathy".to_owned(), 3)]));
    }

    #[test]
    fn a_profile_cut_off_says_so() {
        let whole = dump!("v0.23.0", "hover");
        assert!(parse(&whole[..whole.len() / 2]).unwrap().incomplete);
    }

    #[test]
    fn other_answers_are_refused() {
        assert!(parse("").is_err());
        assert!(parse("goroutine profile: total many\n").is_err());
        assert_eq!(
            parse("<html>").unwrap_err().to_string(),
            "not a goroutine profile: it begins with \"<html>\""
        );
    }

    proptest! {
        #[test]
        fn any_text_is_no_panic(text in "(goroutine profile: total [0-9]{1,22}\n)?([0-9]{0,22} @ 0x1\n|#\t.{0,30}\n|.{0,20}\n){0,20}") {
            let _ = parse(&text);
        }
    }
}
