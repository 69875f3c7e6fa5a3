//! Reports: a summary as a self-contained HTML page and as a table for the terminal.

mod axis;
mod curves;
mod forest;
mod format;
mod html;
mod svg;
mod text;

pub use format::{bytes, ratio, time};
pub use html::page;
pub use text::{digest, table};

use std::path::{Path, PathBuf};

use crate::{
    experiment::{Plan, Store, Summary, analysis, sealed},
    failure::{Failure, Result},
    files,
};

/// Analyses what the folder holds and writes `summary.json` and `report.html` there.
pub fn write(out: &Path) -> Result<(Summary, PathBuf)> {
    let plan = Plan::load(out)?;
    let store = Store::open(out)?;
    let summary = analysis::summarise(&plan, &store, sealed::opened(&plan, out)?);
    let text = serde_json::to_vec_pretty(&summary).map_err(|error| Failure::work(format!("summary.json: {error}")))?;
    files::write_whole(&out.join("summary.json"), &text)?;
    let report = out.join("report.html");
    files::write_whole(&report, page(&summary).as_bytes())?;
    Ok((summary, report))
}
