//! The table that a terminal shows.

use super::format;
use crate::experiment::{Endpoint, Summary, summary::ContestantRow};

/// Columns padded to their widest cell; the first is left-aligned, the others right-aligned.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                if column == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
            })
            .collect();
        out += line.join("  ").trim_end();
        out.push('\n');
    }
    out
}

/// The summary in a few lines.
pub fn digest(summary: &Summary) -> String {
    let mut rows = vec![vec![format!("× {}", summary.baseline), summary.primary.title().to_owned()]];
    let further: Vec<Endpoint> = [Endpoint::Cumulative, Endpoint::First, Endpoint::Steady]
        .into_iter()
        .filter(|endpoint| *endpoint != summary.primary)
        .collect();
    if let Some(head) = rows.first_mut() {
        head.extend(further.iter().map(|endpoint| endpoint.title().to_owned()));
        head.push("worst program".to_owned());
    }
    let mut ordered: Vec<&ContestantRow> =
        summary.contestants.iter().filter(|row| row.ratio(summary.primary).is_some()).collect();
    ordered.sort_by(|a, b| {
        let key = |row: &ContestantRow| row.ratio(summary.primary).map_or(f64::NAN, |interval| interval.ratio);
        key(a).total_cmp(&key(b))
    });
    for row in ordered {
        let worst = row
            .worst
            .as_ref()
            .map_or_else(|| "–".to_owned(), |worst| format!("{:.2} {}", worst.interval.ratio, worst.program));
        let mut line = vec![row.label.clone(), format::ratio(row.ratio(summary.primary))];
        line.extend(further.iter().map(|endpoint| format::ratio(row.ratio(*endpoint))));
        line.push(worst);
        rows.push(line);
    }
    let mut out = table(&rows);
    out += &format!(
        "{} programs, {} processes each; ratios below 1 are faster than {}; 95 % intervals\n",
        summary.programs.len(),
        summary.replicates,
        summary.baseline
    );
    for comparison in &summary.comparisons {
        let p = comparison.p_adjusted.map_or_else(|| "–".to_owned(), format::p_value);
        out += &format!("{} against {}: {} (p {p})\n", comparison.subject, comparison.baseline, comparison.verdict);
    }
    out += &summary.status;
    for reason in &summary.reasons {
        out += &format!("; {reason}");
    }
    out.push('\n');
    if let Some(opened) = &summary.sealed {
        let number = opened.number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        out += &format!("sealed test set: opening {number}; accesses in this folder: {}\n", opened.accesses);
    }
    for problem in summary.problems.iter().take(5) {
        out += &format!("{} on {}: {}\n", problem.contestant, problem.program, problem.what);
    }
    if summary.problems.len() > 5 {
        out += &format!("… and {} more in the report\n", summary.problems.len() - 5);
    }
    out
}
