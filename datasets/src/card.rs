//! `card.md`: a data set explained to people.

use std::fmt::Write;

use crate::{
    manifest::Manifest,
    schema::{Side, Table},
};

pub(crate) fn card(manifest: &Manifest) -> String {
    let how = &manifest.how_made;
    let mut out = String::new();
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let _ = writeln!(out, "# {}\n", or(&how.title, "A Trinity data set"));
    if !how.description.is_empty() {
        let _ = writeln!(out, "{}\n", how.description);
    }
    let _ = writeln!(out, "- schema version: {}", manifest.schema_version);
    let _ = writeln!(out, "- made by: `{}`", or(&how.command, "not stated"));
    let licences = if how.licences.is_empty() { "not stated".to_owned() } else { how.licences.join(", ") };
    let _ = writeln!(out, "- licences of the programs: {licences}");
    let _ = writeln!(out, "- digest of the deterministic columns: `{}`", manifest.core_sha256);
    for (name, value) in &how.environment {
        let _ = writeln!(out, "- {name}: {value}");
    }
    out.push_str(
        "\nParts lie in `schema=…/suite=…/policy_kind=…/TABLE/`; `manifest.json` lists them with rows and digests. \
         Parquet, zstd; any reader of Parquet opens them. Every table has two folders, `TABLE` and `TABLE_host`, with \
         the same rows in the same order: columns that equal runs agree on under the virtual clock, and columns that \
         depend on the machine and the moment (marked `host` below). Keys are in both; the digest covers the former. \
         Tables join on `run_id`, `outcome` and `decision` also on `decision_id`. Labels live only in `outcome`, \
         `function` and the measured columns; learn from columns marked `decision` below and from nothing else. Rows \
         of `outcome` without `counterfactual_action` say what happened, the others what would have.\n",
    );
    for table in Table::ALL {
        let rows = manifest.rows.get(table.name()).copied().unwrap_or(0);
        let _ = writeln!(out, "\n## `{}`: {rows} rows, one per {}\n", table.name(), table.row());
        let keys: Vec<String> = table.keys().map(|column| format!("`{}`", column.name)).collect();
        let _ = writeln!(out, "Key: {}.\n", keys.join(", "));
        out.push_str("| column | type | unit | role | known | stored | description |\n|---|---|---|---|---|---|---|\n");
        for column in table.columns() {
            let _ = writeln!(
                out,
                "| `{}` | {}{} | {} | {} | {} | {} | {} |",
                column.name,
                column.dtype.name(),
                if column.nullable { "?" } else { "" },
                column.unit,
                column.role.name(),
                if column.available_at_decision { "decision" } else { "afterwards" },
                match column.side() {
                    Side::Core => "",
                    Side::Host => "host",
                },
                column.description
            );
        }
    }
    out
}
