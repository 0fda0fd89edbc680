//! The grown tree as a list of frames with their positions.

use super::grow::{Frame, Held};
use super::walk::Walk;
use super::{FlameNode, FlameNodeKind};

/// What is still to be drawn, and where it begins.
enum Pending {
    Frame { frame: usize, start: i64 },
    Other { parent: usize, start: i64 },
}

impl Walk<'_> {
    /// The frames in drawing order.
    pub fn draw(&self, frames: &[Frame]) -> Vec<FlameNode> {
        let mut drawn = Vec::with_capacity(frames.len());
        let mut pending = vec![Pending::Frame { frame: 0, start: 0 }];
        while let Some(next) = pending.pop() {
            let (index, start) = match next {
                Pending::Other { parent, start } => {
                    drawn.push(other(&frames[parent], start));
                    continue;
                }
                Pending::Frame { frame, start } => (frame, start),
            };
            let frame = &frames[index];
            drawn.push(self.draw_frame(frame, start));
            let first = pending.len();
            let mut at = start;
            for &child in &frame.children {
                pending.push(Pending::Frame { frame: child, start: at });
                at = at.saturating_add(frames[child].held.width());
            }
            if frame.merged > 0 {
                pending.push(Pending::Other { parent: index, start: at });
            }
            pending[first..].reverse(); // The stack gives the last first.
        }
        drawn
    }

    fn draw_frame(&self, frame: &Frame, start: i64) -> FlameNode {
        let blank = blank(frame.depth, start, frame.held);
        let own = FlameNode { own: frame.own.value, base_own: frame.own.base, ..blank };
        let Some(node) = frame.node else { return FlameNode { kind: FlameNodeKind::Root, ..own } };
        let label = self.is_ballast(node).then(|| "ballast".to_owned());
        let subsystem = frame.subsystem.map(|number| self.rules().id(number).to_owned());
        let node = self.nodes[node as usize];
        FlameNode {
            kind: FlameNodeKind::Frame,
            function: node.name.clone(),
            package: node.package.clone(),
            file: node.file.clone(),
            line: node.line,
            label,
            subsystem,
            ..own
        }
    }
}

fn other(parent: &Frame, start: i64) -> FlameNode {
    FlameNode { merged: parent.merged, ..blank(parent.depth + 1, start, parent.merged_held) }
}

fn blank(depth: u32, start: i64, held: Held) -> FlameNode {
    FlameNode { base_value: held.base, matched: held.matched, ..FlameNode::blank(depth, start, held.value) }
}
