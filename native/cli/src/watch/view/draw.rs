//! Draws the view. Colours only add to what words and places say.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Sparkline, Table, TableState, Wrap};
use stallscope_core::model::{Bytes, SECOND};
use stallscope_probe::servers::ServerNow;

use super::super::table::{self, Column};
use super::super::{show, words};
use super::state::View;

const KEYS: &str = " ↑↓ select   s sort   c capture heap   q quit";
/// A message may need more room than a line of a small terminal.
const MESSAGE_ROWS: u16 = 2;
/// A time line with its title.
const LINE_ROWS: u16 = 3;
/// What is told below, at least.
const TOLD_ROWS: u16 = 4;
/// The titles and some rows, at least.
const TABLE_ROWS: u16 = 4;

pub fn draw(view: &View, frame: &mut Frame<'_>) {
    let advice = advice_rows(view, frame.area());
    let [head, table, sums, detail, lines, advised, told, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(TABLE_ROWS),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(LINE_ROWS),
        Constraint::Length(advice),
        Constraint::Max(told_rows(view, frame.area())),
        Constraint::Length(if view.message.is_some() { MESSAGE_ROWS } else { 1 }),
    ])
    .areas(frame.area());
    draw_head(view, frame, head);
    draw_table(view, frame, table);
    frame.render_widget(Paragraph::new(format!(" {}", table::totals(&view.totals))).style(strong()), sums);
    draw_detail(view, frame, detail);
    draw_lines(view, frame, lines);
    draw_advice(view, frame, advised);
    draw_told(view, frame, told);
    let foot_text = view.message.as_deref().map_or_else(|| KEYS.to_owned(), |message| format!(" {message}"));
    let style = if view.message.is_some() { strong() } else { faint() };
    frame.render_widget(Paragraph::new(foot_text).style(style).wrap(Wrap { trim: false }), foot);
}

fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn coloured(view: &View, colour: Color) -> Style {
    if view.colours { Style::new().fg(colour) } else { Style::new() }
}

fn told_rows(view: &View, area: Rect) -> u16 {
    let wanted = view.told.len().min(usize::from(area.height / 3)) as u16;
    wanted.max(TOLD_ROWS) + 1
}

/// One line of it on a small screen; the rest is for those that have room.
fn advice_rows(view: &View, area: Rect) -> u16 {
    let room = if area.height >= 30 { 6 } else { 1 };
    (view.advice.len() as u16).min(room)
}

fn draw_head(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(20)]).areas(area);
    frame.render_widget(Paragraph::new(" stallscope watch").style(strong()), left);
    let order = format!("by {} ", view.order.name());
    frame.render_widget(Paragraph::new(order).alignment(Alignment::Right).style(faint()), right);
}

fn draw_table(view: &View, frame: &mut Frame<'_>, area: Rect) {
    if view.rows.is_empty() {
        let text = " No gopls of this user is running: one that starts is shown here.";
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let columns = Column::that_fit(area.width);
    let taken: u16 = columns.iter().map(|column| column.width().unwrap_or(0) + 1).sum();
    let left = area.width.saturating_sub(taken);
    let cells = |now: &ServerNow| {
        let cell = |column: &Column| {
            let text = column.text(now);
            match (column, column.is_number()) {
                (Column::Folder, _) => Cell::new(show::end_of(&text, usize::from(left))),
                (_, true) => Cell::new(Line::from(text).alignment(Alignment::Right)),
                _ => Cell::new(text),
            }
        };
        Row::new(columns.iter().map(cell).collect::<Vec<_>>()).style(row_style(view, now))
    };
    let titles = columns.iter().map(|column| {
        let title = Line::from(column.title());
        Cell::new(if column.is_number() { title.alignment(Alignment::Right) } else { title })
    });
    let widths = columns.iter().map(|column| Constraint::Length(column.width().unwrap_or(left)));
    let table = Table::new(view.rows.iter().map(cells), widths)
        .header(Row::new(titles).style(faint()))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(view.selected().map(|(at, _)| at));
    frame.render_stateful_widget(table, area, &mut state);
}

fn row_style(view: &View, now: &ServerNow) -> Style {
    match show::state(now) {
        "stalled" => coloured(view, Color::Red).add_modifier(Modifier::BOLD),
        "loading" | "working" | "asked" => coloured(view, Color::Yellow),
        _ => Style::new(),
    }
}

/// What the columns of a small screen leave out, of the selected one.
fn draw_detail(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let Some((_, now)) = view.selected() else { return };
    let stall = now.stall.as_ref().map(|stall| {
        format!("stalled for {} by {}", show::duration(stall.age_ns), show::plain(&stall.method))
    });
    let told = stall.or_else(|| words::debug_server(now)).unwrap_or_default();
    frame.render_widget(Paragraph::new(format!(" {}: {told}", now.server.pid)), area);
}

fn draw_lines(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(area);
    draw_line(view, frame, left, "RSS of all", &view.total);
    if let (Some((_, now)), Some(line)) = (view.selected(), view.line()) {
        draw_line(view, frame, right, &format!("RSS of {}", now.server.pid), line);
    }
}

/// From nothing to the most: a line that is nearly flat is one of memory that hardly changes.
fn draw_line(view: &View, frame: &mut Frame<'_>, area: Rect, title: &str, points: &VecDeque<Bytes>) {
    let [head, line] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let shown: Vec<Bytes> = points.iter().rev().take(usize::from(line.width)).rev().copied().collect();
    let most = shown.iter().max().copied().unwrap_or(0);
    let head_text = format!(" {title}, {} s, at most {}", shown.len(), show::bytes(most));
    frame.render_widget(Paragraph::new(head_text).style(faint()), head);
    let sparkline = Sparkline::default().data(shown).max(most.max(1)).style(coloured(view, Color::Cyan));
    frame.render_widget(sparkline, line);
}

fn draw_advice(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let lines: Vec<Line<'_>> = view.advice.iter().map(|text| Line::from(format!(" {text}"))).collect();
    frame.render_widget(Paragraph::new(lines).style(coloured(view, Color::Green)), area);
}

fn draw_told(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.height.saturating_sub(1));
    let mut lines = vec![Line::styled(" lately", faint())];
    lines.extend(view.told.iter().rev().take(room).map(|told| {
        let ago = show::duration((view.looks - told.look) * SECOND);
        Line::from(vec![Span::styled(format!(" {ago:>6} ago "), faint()), Span::raw(told.text.clone())])
    }));
    frame.render_widget(Paragraph::new(lines), area);
}
