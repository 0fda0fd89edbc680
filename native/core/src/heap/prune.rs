//! The profile's own wish what to leave out: `drop_frames` and `keep_frames`.

use regex_lite::Regex;
use stallscope_pprof::{Error, Function, Profile};

use super::names::display_name;

/// Removes, as `go tool pprof` does before anything else, each frame that matches `drop_frames` but not
/// `keep_frames`, and all it calls. A stack that would lose everything is kept. Patterns that do not compile
/// are ignored, also as there.
pub(crate) fn prune(profile: Profile) -> Result<Profile, Error> {
    let anchored = |id| Regex::new(&format!("^(?:{})$", profile.text(id)));
    if profile.text(profile.drop_frames).is_empty() {
        return Ok(profile);
    }
    let Ok(drop) = anchored(profile.drop_frames) else { return Ok(profile) };
    let keep = match profile.text(profile.keep_frames) {
        "" => None,
        _ => match anchored(profile.keep_frames) {
            Ok(keep) => Some(keep),
            Err(_) => return Ok(profile),
        },
    };
    let is_dropped = |function: &Function| {
        let name = display_name(profile.text(function.name), profile.text(function.system_name));
        let name = without_arguments(&name);
        !name.is_empty() && drop.is_match(name) && !keep.as_ref().is_some_and(|keep| keep.is_match(name))
    };
    let dropped: Vec<bool> = profile.functions.iter().map(is_dropped).collect();
    cut(profile, &dropped)
}

/// What remains of a location.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Whole,
    /// The calls inlined into the matching one are gone, its callers remain.
    Callers,
    Nothing,
}

fn cut(profile: Profile, dropped: &[bool]) -> Result<Profile, Error> {
    let mut parts = profile.into_parts();
    let mut fates = Vec::with_capacity(parts.locations.len());
    for location in &mut parts.locations {
        let start = location.first_line as usize;
        let lines = &parts.lines[start..start + location.line_count as usize];
        fates.push(match lines.iter().rposition(|line| dropped[line.function as usize]) {
            None => Fate::Whole,
            Some(matched) if matched + 1 == lines.len() => Fate::Nothing,
            Some(matched) => {
                location.first_line += matched as u32 + 1;
                location.line_count -= matched as u32 + 1;
                Fate::Callers
            }
        });
    }

    let mut frames = Vec::with_capacity(parts.samples.frames.len());
    let mut frame_ends = Vec::with_capacity(parts.samples.frame_ends.len());
    for sample in 0..parts.samples.len() {
        let stack = parts.samples.stack(sample);
        frames.extend_from_slice(&stack[first_kept(stack, &fates)..]);
        frame_ends.push(frames.len() as u32);
    }
    parts.samples.frames = frames;
    parts.samples.frame_ends = frame_ends;
    Profile::new(parts)
}

/// Where the rest of a stack begins: from the root, below the first untouched frame, at the first match.
fn first_kept(stack: &[u32], fates: &[Fate]) -> usize {
    let mut found_user_code = false;
    for (index, location) in stack.iter().enumerate().rev() {
        match fates[*location as usize] {
            Fate::Whole => found_user_code = true,
            Fate::Nothing if found_user_code => return index + 1,
            Fate::Callers if found_user_code => return index,
            Fate::Nothing | Fate::Callers => {}
        }
    }
    0
}

/// The name up to its argument list; two C++ names have brackets that are not one.
fn without_arguments(name: &str) -> &str {
    let name = name.strip_prefix('.').unwrap_or(name);
    let mut from = 0;
    while let Some(bracket) = name[from..].find('(').map(|offset| from + offset) {
        let reserved = if name[bracket..].starts_with("(anonymous namespace)") {
            "(anonymous namespace)".len()
        } else if name[..bracket].ends_with("operator") && name[bracket..].starts_with("()") {
            "()".len()
        } else {
            return &name[..bracket];
        };
        from = bracket + reserved;
    }
    name
}
