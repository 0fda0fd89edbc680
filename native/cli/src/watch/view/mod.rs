//! The terminal view: the table of all gopls, live, with a time line and what has happened lately.

mod draw;
mod state;
#[cfg(test)]
mod tests;

use std::io::{self, stdout};
use std::time::Instant;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::{cursor, execute};
use stallscope_probe::servers::{Happening, Servers};

use super::{LOOK_EVERY, NOTICE, Until};
pub use state::View;
use state::Wish;

/// Shows until `q`, or `until` says so. The terminal is as it was afterwards, after a panic too.
pub fn run(servers: &mut Servers, view: &mut View, until: &Until) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, servers, view, until);
    let restored = ratatui::try_restore();
    // Where a panic or an error hid it.
    let _ = execute!(stdout(), cursor::Show);
    shown.and(restored)
}

fn show(
    terminal: &mut DefaultTerminal,
    servers: &mut Servers,
    view: &mut View,
    until: &Until,
) -> io::Result<()> {
    loop {
        let looked_at = Instant::now();
        let happened = servers.look()?;
        let gone = happened.iter().any(|happening| matches!(happening, Happening::Gone { .. }));
        view.update(servers.now(), servers.totals(), &servers.sharing(), &happened);
        terminal.draw(|frame| draw::draw(view, frame))?;
        let ended = gone && view.is_of_one();
        while looked_at.elapsed() < LOOK_EVERY {
            if ended || until.is_over() {
                return Ok(());
            }
            if !event::poll(LOOK_EVERY.saturating_sub(looked_at.elapsed()).min(NOTICE))? {
                continue;
            }
            match event::read()? {
                Event::Key(key) if key.is_press() => match view.key(key) {
                    Some(Wish::Quit) => return Ok(()),
                    Some(Wish::Capture(pid)) => {
                        if let Err(why) = servers.capture(pid) {
                            view.say(why);
                        }
                    }
                    None => {}
                },
                // Another size is drawn at once.
                Event::Resize(..) => {}
                _ => continue,
            }
            terminal.draw(|frame| draw::draw(view, frame))?;
        }
    }
}
