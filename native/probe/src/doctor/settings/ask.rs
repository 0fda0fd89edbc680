//! What a gopls says of its options and flags. It is started for each question, in an empty folder: there it finds nobody's
//! workspace, leaves its cache, and sends nothing.

use std::path::Path;

use stallscope_doctor::settings::Server;

use crate::doctor::command::{Commands, Said};
use crate::process::version;

/// Asks it.
pub(super) fn server(gopls: &Path, commands: &Commands) -> Result<Server, String> {
    let program = gopls.to_str().ok_or("its path is not text")?;
    let empty = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    // Every start of gopls looks for old files in its cache, and leaves a child behind that may send telemetry: neither is
    // wanted for a question.
    let variables = [("GOPLSCACHE", empty.path().as_os_str()), ("GO_TELEMETRY_CHILD", "2".as_ref())];
    let say = |arguments: &[&str]| -> Result<Said, String> {
        let argv: Vec<&str> = [program].into_iter().chain(arguments.iter().copied()).collect();
        let said = commands.run(empty.path(), &argv, variables).map_err(|error| error.to_string())?;
        if said.success {
            return Ok(said);
        }
        let first = said.stderr.lines().next().unwrap_or_default().to_owned();
        Err(format!("gopls {} failed: {first}", arguments.join(" ")))
    };
    let options = say(&["api-json"])?;
    let (help, serve) = (say(&["help"])?, say(&["help", "serve"])?);
    // Help has been printed to either.
    let text = |said: &Said| format!("{}\n{}", String::from_utf8_lossy(&said.stdout), said.stderr);
    let version = version::of_file(gopls).and_then(|build| build.version);
    Server::read(version, &options.stdout, &text(&help), &text(&serve)).map_err(|error| error.to_string())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    /// A program that answers as a shell script says.
    fn answer(script: &str, deadline: Duration) -> Result<Server, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("gopls");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("it is written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        server(&program, &Commands::within(deadline))
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_program_that_is_no_gopls_is_named_as_such() {
        let error = answer("echo no such command >&2; exit 2", LONG).expect_err("it fails");
        assert_eq!(error, "gopls api-json failed: no such command");
        let error = answer("echo '{}'", LONG).expect_err("no options");
        assert!(error.starts_with("what gopls api-json printed is not understood"), "{error}");
        let no_flags = r#"echo '{"Options": {"User": [{"Name": "x"}]}}'"#;
        assert_eq!(answer(no_flags, LONG).expect_err("no flags"), "what gopls help printed names no flags");
        assert!(
            answer("sleep 60", Duration::from_millis(200)).expect_err("late").contains("not done in time")
        );
    }

    #[test]
    fn it_is_asked_in_an_empty_folder_and_without_a_telemetry_child() {
        let says = r#"[ -z "$(ls)" ] && [ "$GOPLSCACHE" = "$PWD" ] && [ "$GO_TELEMETRY_CHILD" = 2 ] || exit 9
            case "$1" in api-json) echo '{"Options": {"User": [{"Name": "local", "Type": "string"}]}}';;
            help) echo "  -debug=string" >&2;; esac"#;
        let server = answer(says, LONG).expect("it is understood");
        assert!(server.options.contains_key("local") && server.flags.contains_key("debug"));
        assert_eq!(server.version, None);
    }
}
