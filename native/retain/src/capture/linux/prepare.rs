//! Before a program is copied: what there is to copy, and memory for it.

use std::sync::atomic::AtomicU64;

use crate::capture::gate::{Free, Need};
use crate::capture::plan::{self, Piece};
use crate::capture::{CaptureError, Step};
use crate::image;
use crate::runtime::heap::in_use;
use crate::runtime::modules::Module;
use crate::stop::Stop;

use super::copy::{self, Copying, Part, Partly, bytes, divide, jobs, lay};
use super::draft;
use super::raw::Draft;
use super::target::Target;

/// What a running heap may grow by between plan and copy, for which memory is provided in any case.
const LEAST_SLACK_BYTES: u64 = 16 << 20;
/// And the part of what is to be copied. What it grows by beyond is provided while it is copied.
const SLACK: u64 = 16;
/// Provided at once, between two looks at whether it is still wanted.
const PREPARE_BYTES: usize = 64 << 20;
/// What a program at rest uses of a processor in about a second, in clock ticks of 10 ms.
const REST_TICKS: u64 = 2;
/// A running program changes its lists while they are read.
const MOST_TRIES: usize = 5;

/// What is to be copied, as far as it can be told of a running program.
pub struct Plan {
    /// Never changes.
    pub constant: Vec<Piece>,
    /// All of the program and of its runtime.
    pub globals: Vec<Piece>,
    /// Objects with pointers, and stacks.
    pub objects: Vec<Piece>,
    /// The same, prepared for the pause: as they will lie in the copy.
    pub laid: Vec<image::Piece>,
    /// Divided into jobs.
    pub divided: Vec<Vec<Piece>>,
    /// All of it, and the runtime's bookkeeping.
    pub bytes: u64,
    /// Memory that copy and analysis need at most.
    pub need: Need,
}

/// Plans, and provides memory; again when the heap grows faster than that.
pub fn prepare(
    target: &Target,
    free: &Free,
    stop: &Stop,
    tell: &dyn Fn(Step),
) -> Result<(Plan, Draft), CaptureError> {
    let mut provided = None::<Draft>;
    let mut so_far = 0;
    for _ in 0..MOST_TRIES {
        let used = cpu_ticks(target);
        let plan = plan(target, free, stop)?;
        free.check(plan.need)?;
        let wanted = plan.bytes + (plan.bytes / SLACK).max(LEAST_SLACK_BYTES);
        // Untouched, it takes nothing: it can be as large as it may become at most.
        let most =
            free.least().map_or(u64::MAX, |(_, bytes)| bytes).min(wanted.saturating_mul(4)).max(wanted);
        let mut draft = match provided.take() {
            Some(draft) if plan.bytes <= so_far => return Ok((plan, draft)),
            Some(draft) => draft,
            None => draft("stallscope-heap", most)?,
        };
        let end = usize::try_from(wanted).unwrap_or(usize::MAX).min(draft.bytes().len());
        // Whole pages, also of the largest kind that a processor has.
        let begin = usize::try_from(so_far).unwrap_or(usize::MAX).min(end) & !0xffff;
        for from in (begin..end).step_by(PREPARE_BYTES) {
            stop.check()?;
            tell(Step::Preparing { done_bytes: from as u64, all_bytes: end as u64 });
            let length = PREPARE_BYTES.min(end - from);
            // By two threads: it is the kernel that works.
            let half = (length / 2) & !0xffff;
            let provided = std::thread::scope(|scope| {
                let beside = std::thread::Builder::new().spawn_scoped(scope, || draft.populate(from, half));
                let own = draft.populate(from + half, length - half);
                // Where no more threads may be started, this one does both.
                let beside = beside.map(|beside| beside.join().unwrap_or(Ok(())));
                beside.unwrap_or_else(|_| draft.populate(from, half)).and(own)
            });
            match provided {
                // Kernels before 5.14 do not know this.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                    draft.bytes()[from..from + length].chunks_mut(4096).for_each(|page| page[0] = 0);
                }
                provided => provided?,
            }
        }
        // It did next to nothing meanwhile: the plan holds.
        if used.zip(cpu_ticks(target)).is_some_and(|(before, now)| now <= before + REST_TICKS) {
            return Ok((plan, draft));
        }
        so_far = end as u64;
        provided = Some(draft);
    }
    Err(CaptureError::System {
        error: "the heap grows faster than memory for its copy can be provided".to_owned(),
    })
}

fn cpu_ticks(target: &Target) -> Option<u64> {
    target.process.stat().ok().map(|stat| stat.cpu_ticks)
}

/// Reads the running program. What it says may be wrong in places: it only has to be about right.
fn plan(target: &Target, free: &Free, stop: &Stop) -> Result<Plan, CaptureError> {
    let Target { reader, symbols, layout, bias, .. } = target;
    let modules = Module::all(reader, layout, *bias);
    let constant = plan::constant(symbols, &modules, *bias);
    let globals = plan::globals(symbols, &modules, *bias);
    let mut result = Err(CaptureError::Cancelled);
    for _ in 0..MOST_TRIES {
        stop.check()?;
        result = (|| {
            let noted = plan::bookkeeping(reader, layout, *bias)?;
            let noted_bytes = bytes(&noted);
            free.check(Need { copy_bytes: noted_bytes, objects: 0 })?;
            let mut draft = draft("stallscope-plan", noted_bytes.max(1))?;
            let wanted = || stop.check().map_err(CaptureError::from);
            Copying::new(reader, jobs(&noted, draft.bytes()), &wanted, &AtomicU64::new(0))
                .all(copy::threads())?;
            let memory = Partly { parts: vec![Part::new(&noted, draft.bytes())], reader };
            let in_use = in_use(&memory, layout, *bias, true)?;
            let stacks = plan::stacks(&memory, layout, *bias, &[])?;
            let objects = plan::tidy([in_use.with_pointers, stacks].concat());
            let copy_bytes = [&constant, &globals, &noted, &objects]
                .into_iter()
                .fold(0_u64, |sum, pieces| sum.saturating_add(bytes(pieces)));
            let need = Need { copy_bytes, objects: in_use.objects };
            Ok(Plan {
                constant: constant.clone(),
                globals: globals.clone(),
                laid: lay(&objects, 0),
                divided: divide(&objects),
                objects,
                bytes: copy_bytes,
                need,
            })
        })();
        match &result {
            // It was changing a list just then.
            Err(CaptureError::Heap { .. }) => {}
            _ => return result,
        }
    }
    result
}
