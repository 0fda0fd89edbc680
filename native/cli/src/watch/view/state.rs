//! What the terminal view shows and how keys change it. Nothing here touches a terminal.

use std::collections::{HashMap, VecDeque};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stallscope_core::model::{Bytes, DebugServer};
use stallscope_core::servers::Sharing;
use stallscope_probe::servers::{Happening, ServerNow, Totals};

use super::super::table::Order;
use super::super::{advice, words};

/// Points of a time line: ten minutes.
const MOST_POINTS: usize = 600;
/// Lines of what has happened.
const MOST_LINES: usize = 200;

/// What a key asks of others.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Quit,
    Capture(u32),
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The look that brought it.
    pub look: u64,
    pub text: String,
}

/// See the module's text.
pub struct View {
    pub rows: Vec<ServerNow>,
    pub totals: Totals,
    pub order: Order,
    /// RSS of all together, the oldest first.
    pub total: VecDeque<Bytes>,
    pub told: VecDeque<Told>,
    pub advice: Vec<String>,
    pub message: Option<String>,
    pub colours: bool,
    selected: Option<u32>,
    asks: Option<u32>,
    lines: HashMap<u32, VecDeque<Bytes>>,
    names: HashMap<u32, String>,
    of_one: bool,
    /// How many there were: one a second.
    pub looks: u64,
}

impl View {
    /// Empty; `of_one` when one process was asked for.
    pub fn new(colours: bool, of_one: bool) -> Self {
        Self {
            rows: Vec::new(),
            totals: Totals::default(),
            order: Order::Rss,
            total: VecDeque::new(),
            told: VecDeque::new(),
            advice: Vec::new(),
            message: None,
            colours,
            selected: None,
            asks: None,
            lines: HashMap::new(),
            names: HashMap::new(),
            of_one,
            looks: 0,
        }
    }

    /// Takes what a look has brought.
    pub fn update(
        &mut self,
        rows: Vec<ServerNow>,
        totals: Totals,
        sharing: &[Sharing],
        happened: &[Happening],
    ) {
        self.looks += 1;
        self.rows = rows;
        self.order.sort(&mut self.rows);
        self.totals = totals;
        push(&mut self.total, totals.rss_bytes, MOST_POINTS);
        for now in &self.rows {
            push(self.lines.entry(now.server.pid).or_default(), now.rss_bytes, MOST_POINTS);
            self.names.insert(now.server.pid, words::short_name(&now.server));
        }
        for happening in happened {
            let Some(text) = words::happening(happening) else { continue };
            let name = match happening {
                Happening::Found(server) => words::short_name(server),
                other => self.names.get(&other.pid()).cloned().unwrap_or_else(|| other.pid().to_string()),
            };
            push(&mut self.told, Told { look: self.looks, text: format!("{name}: {text}") }, MOST_LINES);
        }
        let there = |pid: &u32| self.rows.iter().any(|now| now.server.pid == *pid);
        self.lines.retain(|pid, _| there(pid));
        self.names.retain(|pid, _| there(pid));
        self.selected = self.selected.filter(there).or_else(|| self.rows.first().map(|now| now.server.pid));
        self.asks = self.asks.filter(there);
        self.advice = sharing.iter().filter(|sharing| sharing.fits()).flat_map(advice::sharing).collect();
    }

    /// Whether it ends with the one process that was asked for.
    pub fn is_of_one(&self) -> bool {
        self.of_one
    }

    /// What is to be read below the table, until the next key.
    pub fn say(&mut self, message: String) {
        self.message = Some(message);
    }

    /// The row that is selected.
    pub fn selected(&self) -> Option<(usize, &ServerNow)> {
        self.rows.iter().enumerate().find(|(_, now)| Some(now.server.pid) == self.selected)
    }

    /// RSS of the selected one, the oldest first.
    pub fn line(&self) -> Option<&VecDeque<Bytes>> {
        self.lines.get(&self.selected?)
    }

    /// What a key does.
    pub fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        self.message = None;
        if let Some(pid) = self.asks.take() {
            return (key.code == KeyCode::Char('y')).then_some(Wish::Capture(pid));
        }
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Some(Wish::Quit),
            KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::Quit),
            KeyCode::Char('s') => {
                self.order = self.order.next();
                self.order.sort(&mut self.rows);
            }
            KeyCode::Down | KeyCode::Char('j') => self.select(|at, last| (at + 1).min(last)),
            KeyCode::Up | KeyCode::Char('k') => self.select(|at, _| at.saturating_sub(1)),
            KeyCode::Home => self.select(|_, _| 0),
            KeyCode::End => self.select(|_, last| last),
            KeyCode::Char('c') => self.ask(),
            _ => {}
        }
        None
    }

    fn select(&mut self, to: impl Fn(usize, usize) -> usize) {
        let at = self.selected().map_or(0, |(at, _)| at);
        let next = to(at, self.rows.len().saturating_sub(1));
        self.selected = self.rows.get(next).map(|now| now.server.pid);
    }

    /// Asks whether the selected one is to be captured, and says what that costs.
    fn ask(&mut self) {
        let Some((_, now)) = self.selected() else { return };
        let pid = now.server.pid;
        if matches!(now.debug, DebugServer::On { .. }) {
            self.asks = Some(pid);
            self.say(format!(
                "Capture the heap of {pid}? Takes 0.1 to 0.8 s, gopls goes on; 0.1 MB on disk. y/n"
            ));
        } else {
            let how = advice::debug_server(&now.server);
            self.say(format!("{pid} serves no debug page, so nothing can be captured: {how}"));
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, value: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(value);
}
