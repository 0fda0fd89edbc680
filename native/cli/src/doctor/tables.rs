//! What holds whatever the folder: the proxies of modules, and advice that circulates.

use std::io::Write;

use stallscope_doctor::environment::ProxyTable;
use stallscope_doctor::folklore::Folklore;

use crate::failure::Failure;

/// What each way to set GOPROXY means.
pub fn proxies(json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let table = ProxyTable::built_in("en").map_err(|error| Failure::Doctor(error.to_string()))?;
    if json {
        serde_json::to_writer_pretty(&mut *out, &table).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for row in &table.rows {
            writeln!(out, "GOPROXY={}", row.value)?;
            writeln!(out, "  asks: {}", row.asks)?;
            writeln!(out, "  verification: {}", row.verification)?;
            writeln!(out, "  private modules: {}\n", row.private)?;
        }
    }
    Ok(out.flush()?)
}

/// What circulates: as Markdown, which docs/folklore.md is, or as JSON.
pub fn folklore(json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let folklore = Folklore::built_in().map_err(|error| Failure::Doctor(error.to_string()))?;
    let told = folklore.told("en");
    if json {
        serde_json::to_writer_pretty(&mut *out, &told).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", told.markdown())?;
    }
    Ok(out.flush()?)
}
