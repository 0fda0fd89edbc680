#![allow(clippy::unwrap_used)]

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use stallscope_core::model::{MB, SECOND};
use stallscope_core::servers::Grown;
use stallscope_probe::servers::{Happening, ServerNow};

use super::super::made_up::{calm, rows, server, totals};
use super::draw::draw;
use super::state::{View, Wish};

fn view(rows: Vec<ServerNow>) -> View {
    let mut view = View::new(true, false);
    let sums = totals(&rows);
    view.update(rows, sums, &[], &[]);
    view
}

fn drawn(view: &View, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(view, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let line = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..area.height).map(line).collect()
}

fn press(view: &mut View, code: KeyCode) -> Option<Wish> {
    view.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn pids(view: &View) -> Vec<u32> {
    view.rows.iter().map(|now| now.server.pid).collect()
}

#[test]
fn eighty_by_twenty_four_shows_the_table_its_sums_and_the_keys() {
    let told = lines(&drawn(&view(rows()), 80, 24));
    assert!(told[0].starts_with(" stallscope watch") && told[0].ends_with("by RSS"), "{}", told[0]);
    let titles: Vec<&str> = told[1].split_whitespace().collect();
    assert_eq!(titles, ["pid", "editor", "folder", "RSS", "CPU", "in", "flight", "state", "debug"]);
    let row: Vec<&str> = told[2].split_whitespace().collect();
    assert_eq!(row[..3], ["102", "Claude", "Code"], "the largest first: {}", told[2]);
    assert!(told[2].contains("1.50 GB 150 % 1, 3.4 s"), "{}", told[2]);
    assert!(told[2].contains("/kubernetes") && told[2].ends_with("on"), "{}", told[2]);
    // The end of a long path, and nothing said of waits that nobody knows.
    assert!(told[3].contains("…") && told[3].contains("/module"), "{}", told[3]);
    assert!(told[3].contains(" ? ") && told[3].ends_with("off"), "{}", told[3]);
    assert!(
        told[4].contains("400 MB") && told[4].contains(" -  ") && told[4].contains("at rest"),
        "{}",
        told[4]
    );
    let sums = told.iter().find(|line| line.starts_with(" 3 gopls")).unwrap();
    assert_eq!(sums, " 3 gopls, 2.60 GB, 10 % of 26.00 GB, 150 % of a core; 2 forwarders 74 MB");
    assert!(told[23].contains("s sort") && told[23].contains("q quit"), "{}", told[23]);
}

#[test]
fn more_room_shows_more_columns_and_less_is_no_panic() {
    let wide = lines(&drawn(&view(rows()), 140, 40));
    assert!(
        wide[1].contains("version") && wide[2].contains("v0.23.0") && wide[2].contains("3.0 h"),
        "{}",
        wide[2]
    );
    let small = view(rows());
    for (width, height) in [(60, 24), (40, 12), (20, 5), (1, 1), (200, 3)] {
        drawn(&small, width, height);
    }
    assert!(lines(&drawn(&small, 50, 12))[2].contains("102"));
}

#[test]
fn keys_sort_and_select() {
    let mut view = view(rows());
    assert_eq!(pids(&view), [102, 103, 101]);
    assert_eq!(view.selected().unwrap().1.server.pid, 102, "the first one");
    press(&mut view, KeyCode::Char('j'));
    press(&mut view, KeyCode::Down);
    press(&mut view, KeyCode::Down);
    assert_eq!(view.selected().unwrap().1.server.pid, 101, "no further than the last");
    for wanted in ["CPU", "wait", "editor", "age", "RSS"] {
        press(&mut view, KeyCode::Char('s'));
        assert_eq!(view.order.name(), wanted);
    }
    press(&mut view, KeyCode::Char('s'));
    press(&mut view, KeyCode::Char('s'));
    press(&mut view, KeyCode::Char('s'));
    assert_eq!(pids(&view), [102, 103, 101], "by editor: Claude Code, Helix, Neovim");
    assert_eq!(press(&mut view, KeyCode::Char('q')), Some(Wish::Quit));
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(view.key(control_c), Some(Wish::Quit));
}

#[test]
fn the_selected_row_is_told_apart_without_colours() {
    let mut view = view(rows());
    view.colours = false;
    press(&mut view, KeyCode::Home);
    let buffer = drawn(&view, 80, 24);
    assert!(buffer[(0, 2)].modifier.contains(Modifier::REVERSED));
    assert!(!buffer[(0, 3)].modifier.contains(Modifier::REVERSED));
    let coloured = buffer.content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
    assert!(!coloured, "NO_COLOR");
    view.colours = true;
    assert_eq!(drawn(&view, 80, 24)[(0, 2)].fg, Color::Yellow, "it works");
}

#[test]
fn a_capture_is_asked_for_with_its_cost_and_only_by_y() {
    let mut view = view(rows());
    press(&mut view, KeyCode::Home);
    assert_eq!(press(&mut view, KeyCode::Char('c')), None);
    let foot = lines(&drawn(&view, 80, 24))[22..].join(" ");
    assert!(foot.contains("heap of 102?") && foot.contains("0.8 s") && foot.contains("y/n"), "{foot}");
    assert_eq!(press(&mut view, KeyCode::Char('n')), None);
    assert_eq!(press(&mut view, KeyCode::Char('y')), None, "nothing is asked any more");
    press(&mut view, KeyCode::Char('c'));
    assert_eq!(press(&mut view, KeyCode::Char('y')), Some(Wish::Capture(102)));
    // Without a debug server there is nothing to ask for, but a way to have one.
    press(&mut view, KeyCode::Down);
    press(&mut view, KeyCode::Char('c'));
    let foot = lines(&drawn(&view, 80, 24))[22..].join(" ");
    assert!(foot.contains("serves no debug page") && foot.contains("languages.toml"), "{foot}");
    assert_eq!(press(&mut view, KeyCode::Char('y')), None);
}

#[test]
fn what_has_happened_is_told_with_its_gopls_and_its_age() {
    let mut view = view(rows());
    let grown = Grown { rise_bytes: 400 * MB, window_ns: 10 * SECOND };
    let grew = Happening::Grew { pid: 103, grown, rss_bytes: 700 * MB };
    view.update(rows(), totals(&rows()), &[], &[grew]);
    view.update(rows(), totals(&rows()), &[], &[Happening::Gone { pid: 102 }]);
    let told = lines(&drawn(&view, 120, 30));
    let lately = told.iter().position(|line| line.trim() == "lately").unwrap();
    assert!(told[lately + 1].contains("0.0 s ago 102 Claude Code: gone"), "{}", told[lately + 1]);
    assert!(
        told[lately + 2].contains("1.0 s ago 103 Helix: grew by 400 MB within 10 s, to 700 MB"),
        "{}",
        told[lately + 2]
    );
}

#[test]
fn the_time_line_rises_with_the_sum() {
    let mut view = view(rows());
    for mb in [400, 400, 400, 800] {
        let rows = vec![calm(server(101, "Neovim", "/src"), mb)];
        let sums = totals(&rows);
        view.update(rows, sums, &[], &[]);
    }
    let told = lines(&drawn(&view, 80, 24));
    let title = told.iter().position(|line| line.starts_with(" RSS of all")).unwrap();
    assert!(told[title].starts_with(" RSS of all, 5 s, at most 2.60 GB"), "{}", told[title]);
    assert!(told[title].contains("RSS of 101, 5 s, at most 800 MB"), "{}", told[title]);
    // The first of the sum fills both rows of its column, the fifth of the other one as well.
    let upper: Vec<char> = told[title + 1].chars().collect();
    assert_eq!(upper[0], '█', "{}", told[title + 1]);
    let lower: Vec<char> = told[title + 2].chars().collect();
    assert!(lower[1] != '█' && lower[1] != ' ', "400 of 2,600 MB: {}", told[title + 2]);
}

#[test]
fn nobody_there_is_said() {
    let told = lines(&drawn(&view(Vec::new()), 80, 24));
    assert!(told[1].contains("No gopls of this user is running"), "{}", told[1]);
}
