//! Which TCP addresses a process listens on.

use std::net::SocketAddr;

/// The addresses; `None` when the system does not let us know.
pub(crate) fn listening(pid: u32) -> Option<Vec<SocketAddr>> {
    platform::listening(pid)
}

/// Whether it is this process that has the connection from `local` to `remote`, both on this machine.
pub(crate) fn has_connection(pid: u32, local: SocketAddr, remote: SocketAddr) -> bool {
    platform::has_connection(pid, local, remote)
}

#[cfg(not(target_os = "linux"))]
use other as platform;
#[cfg(target_os = "linux")]
use procfs as platform;

/// Linux: this process's sockets alone. The listeners crate looks through the files of every process instead.
#[cfg(target_os = "linux")]
mod procfs {
    use std::collections::HashSet;
    use std::fs::{self, File};
    use std::io::{BufRead, BufReader, Read};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::path::Path;

    /// gopls keeps no files open; a process at its limit may have many.
    const MAX_FILES: usize = 65_536;
    /// 150 bytes per socket of the whole network namespace.
    const MAX_TABLE_BYTES: u64 = 32 << 20;
    /// TCP_ESTABLISHED and TCP_LISTEN of the kernel's `tcp_states.h`.
    const ESTABLISHED: &str = "01";
    const LISTEN: &str = "0A";

    /// A line of the tables.
    struct Row<'a> {
        local: SocketAddr,
        remote: SocketAddr,
        state: &'a str,
    }

    pub(super) fn listening(pid: u32) -> Option<Vec<SocketAddr>> {
        of(Path::new(&format!("/proc/{pid}")))
    }

    pub(super) fn has_connection(pid: u32, local: SocketAddr, remote: SocketAddr) -> bool {
        let process = format!("/proc/{pid}");
        let rows = rows(Path::new(&process), |row| {
            (row.state == ESTABLISHED && row.local == local && row.remote == remote).then_some(())
        });
        rows.is_some_and(|found| !found.is_empty())
    }

    fn of(process: &Path) -> Option<Vec<SocketAddr>> {
        rows(process, |row| (row.state == LISTEN).then_some(row.local))
    }

    /// What `pick` finds among the sockets of a process; `None` when the system does not show them.
    fn rows<T>(process: &Path, pick: impl Fn(Row<'_>) -> Option<T>) -> Option<Vec<T>> {
        let sockets: HashSet<u64> = fs::read_dir(process.join("fd"))
            .ok()?
            .take(MAX_FILES)
            .flatten()
            .filter_map(|file| {
                let target = fs::read_link(file.path()).ok()?;
                target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
            })
            .collect();
        let mut found = Vec::new();
        if sockets.is_empty() {
            return Some(found);
        }
        let mut known = false;
        // The tables of *its* network namespace. One may be missing (no IPv6); some systems show neither to anybody.
        for table in ["tcp", "tcp6"] {
            let Ok(file) = File::open(process.join("net").join(table)) else { continue };
            known = true;
            let lines = BufReader::new(file.take(MAX_TABLE_BYTES)).lines();
            found.extend(lines.map_while(Result::ok).filter_map(|line| pick(row(&line, &sockets)?)));
        }
        known.then_some(found)
    }

    /// `  0: 0100007F:AF65 00000000:0000 0A … inode …`, see proc_pid_net(5).
    fn row<'a>(line: &'a str, sockets: &HashSet<u64>) -> Option<Row<'a>> {
        let mut fields = line.split_ascii_whitespace();
        let (local, remote, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
        if !sockets.contains(&fields.nth(5)?.parse().ok()?) {
            return None;
        }
        Some(Row { local: parse_address(local)?, remote: parse_address(remote)?, state })
    }

    fn parse_address(text: &str) -> Option<SocketAddr> {
        let (ip, port) = text.split_once(':')?;
        Some(SocketAddr::new(parse_ip(ip)?, u16::from_str_radix(port, 16).ok()?))
    }

    /// Words of 32 bits in network order, printed as if they were in the machine's.
    fn parse_ip(text: &str) -> Option<IpAddr> {
        let word = |index: usize| {
            let digits = text.get(index * 8..index * 8 + 8)?;
            Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
        };
        match text.len() {
            8 => Some(Ipv4Addr::from(word(0)?).into()),
            32 => {
                let mut bytes = [0; 16];
                for index in 0..4 {
                    bytes[index * 4..index * 4 + 4].copy_from_slice(&word(index)?);
                }
                Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
            }
            _ => None,
        }
    }

    #[cfg(test)]
    mod tests {
        #![allow(clippy::unwrap_used)]
        use super::*;

        #[cfg(target_endian = "little")]
        #[test]
        fn tables_that_cannot_be_read_are_not_empty_ones() {
            let process = tempfile::tempdir().unwrap();
            fs::create_dir(process.path().join("fd")).unwrap();
            std::os::unix::fs::symlink("socket:[77]", process.path().join("fd/3")).unwrap();
            assert_eq!(of(process.path()), None, "no table: not known");

            fs::create_dir(process.path().join("net")).unwrap();
            let table = |inode: u32| {
                format!(
                    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:9DD9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {inode} 1\n"
                )
            };
            fs::write(process.path().join("net/tcp"), table(78)).unwrap();
            assert_eq!(of(process.path()), Some(Vec::new()), "somebody else's socket");
            fs::write(process.path().join("net/tcp"), table(77)).unwrap();
            assert_eq!(of(process.path()), Some(vec!["127.0.0.1:40409".parse().unwrap()]), "without IPv6");
        }

        #[cfg(target_endian = "little")]
        #[test]
        fn addresses_in_the_kernels_form() {
            let ip = |text| parse_ip(text).map(|ip| ip.to_string());
            assert_eq!(ip("0100007F").as_deref(), Some("127.0.0.1"));
            assert_eq!(ip("00000000000000000000000001000000").as_deref(), Some("::1"));
            assert_eq!(ip("0000000000000000FFFF00000100007F").as_deref(), Some("127.0.0.1"));
            assert_eq!(ip("01"), None);
            assert_eq!(ip("ä100007F"), None);
        }
    }
}

#[cfg(any(not(target_os = "linux"), test))]
mod other {
    use std::net::SocketAddr;

    use listeners::{Protocol, SocketState};

    pub(super) fn listening(pid: u32) -> Option<Vec<SocketAddr>> {
        let all = listeners::get_all().ok()?;
        let ours = all.into_iter().filter(|listener| {
            listener.process.pid == pid
                && listener.protocol == Protocol::TCP
                && listener.state == SocketState::Listen
        });
        Some(ours.map(|listener| listener.socket).collect())
    }

    /// The library does not tell the other end: the port of this end is enough, since it is in use for this connection.
    pub(super) fn has_connection(pid: u32, local: SocketAddr, _remote: SocketAddr) -> bool {
        listeners::get_all().is_ok_and(|all| {
            all.iter().any(|socket| {
                socket.process.pid == pid
                    && socket.protocol == Protocol::TCP
                    && socket.state != SocketState::Listen
                    && socket.socket.port() == local.port()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn our_own_listening_sockets_on_both_platforms() {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let v6 = TcpListener::bind("[::1]:0").ok();
        let _connected = std::net::TcpStream::connect(v4.local_addr().unwrap()).unwrap();
        let mut wanted = vec![v4.local_addr().unwrap()];
        wanted.extend(v6.as_ref().map(|v6| v6.local_addr().unwrap()));
        for found in [listening(std::process::id()).unwrap(), other::listening(std::process::id()).unwrap()] {
            for address in &wanted {
                assert!(found.contains(address), "{address} in {found:?}");
            }
        }
    }

    #[test]
    fn whose_a_connection_is() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(server).unwrap();
        let local = client.local_addr().unwrap();
        let us = std::process::id();
        let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        for has_connection in [has_connection, other::has_connection] {
            assert!(has_connection(us, local, server));
            assert!(!has_connection(sleeper.id(), local, server), "somebody else's");
            assert!(!has_connection(u32::MAX - 1, local, server));
        }
        assert!(!has_connection(us, local, "127.0.0.1:1".parse().unwrap()), "another end");
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_not_there() {
        assert_eq!(listening(u32::MAX - 1), None);
    }
}
