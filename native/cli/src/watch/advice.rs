//! What is advised, in words: the debug server, and a daemon for several.

use stallscope_core::servers::{Against, Server, ServerRole, Sharing};
use stallscope_probe::process::how_to_set;

use super::show;

const DEBUG: &str = "-debug=127.0.0.1:0";
/// The daemon has a debug server of its own.
const DAEMON_DEBUG: &str = "-remote.debug=127.0.0.1:0";
const REMOTE: &str = "-remote=auto";

/// How a gopls gets a debug server.
pub fn debug_server(server: &Server) -> String {
    let set = |owner: &str, flag: &str| {
        how_to_set(owner, flag).unwrap_or_else(|| format!("start gopls with {flag}"))
    };
    match server.role {
        ServerRole::Server => set(&server.owner.name, DEBUG),
        // Its flags are those of the forwarder that started it.
        ServerRole::Daemon => {
            let client = server.clients.first().map_or("", |client| &*client.owner.name);
            set(client, DAEMON_DEBUG)
        }
        ServerRole::Mcp => format!("start it as: gopls {DEBUG} mcp"),
    }
}

/// What speaks against a daemon.
pub fn against(against: &Against) -> String {
    match against {
        Against::Environment { variables } => {
            format!("{} differ, and a daemon has them once for all", variables.join(", "))
        }
        Against::Little => {
            "it would save little, since every session keeps its workspace to itself".to_owned()
        }
    }
}

/// The sentences about a daemon for these.
pub fn sharing(sharing: &Sharing) -> Vec<String> {
    let Sharing { pids, folders, rss_bytes, saving_bytes, .. } = sharing;
    let version = sharing.version.as_deref().unwrap_or("of one executable");
    let what = format!(
        "{} gopls {} take {} in {folders} {}",
        pids.len(),
        show::plain(version),
        show::bytes(*rss_bytes),
        if *folders == 1 { "folder" } else { "folders" },
    );
    let others = match sharing.others {
        0 => String::new(),
        others => format!(". {others} of another executable could not take part"),
    };
    if !sharing.fits() {
        let against: Vec<String> = sharing.against.iter().map(against).collect();
        return vec![format!("{what}; no daemon is advised: {}{others}", against.join("; "))];
    }
    let mut told = vec![
        format!("{what}; a daemon about {} less (estimate){others}", show::bytes(*saving_bytes)),
        "A daemon's crash, and a request that takes all of the CPU, is one for all of them.".to_owned(),
    ];
    told.extend(sharing.owners.iter().map(|owner| {
        let how = how_to_set(owner, REMOTE).unwrap_or_else(|| format!("start gopls with {REMOTE}"));
        format!("{}: {how}", show::plain(owner))
    }));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharing_of(against: Vec<Against>) -> Sharing {
        Sharing {
            exe: "/bin/gopls".into(),
            version: Some("v0.23.0".into()),
            pids: vec![1, 2, 3],
            owners: vec!["Claude Code".into(), "Helix".into()],
            folders: 1,
            rss_bytes: 2_400_000_000,
            saving_bytes: 700_000_000,
            against,
            others: 1,
        }
    }

    #[test]
    fn where_it_fits_the_figures_the_risk_and_the_way_are_told() {
        let told = sharing(&sharing_of(vec![]));
        let wanted = "3 gopls v0.23.0 take 2.40 GB in 1 folder; a daemon about 700 MB less (estimate)";
        assert!(wanted.len() < 80, "a line of a small terminal");
        assert_eq!(told[0], format!("{wanted}. 1 of another executable could not take part"));
        assert!(told[1].contains("crash"), "{told:?}");
        assert!(told[2].starts_with("Claude Code: ") && told[2].contains("-remote=auto"), "{told:?}");
        assert!(told[3].contains("languages.toml"), "{told:?}");
    }

    #[test]
    fn where_it_does_not_fit_the_reason_is_told_and_nothing_advised() {
        let told = sharing(&sharing_of(vec![Against::Environment { variables: vec!["GOMEMLIMIT".into()] }]));
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("no daemon is advised: GOMEMLIMIT differ"), "{told:?}");
        assert!(!told[0].contains("-remote"), "{told:?}");
    }
}
