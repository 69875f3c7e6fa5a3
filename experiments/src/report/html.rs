//! The report as one HTML file that needs no other.

use super::{
    curves::{self, Curve},
    forest::{self, Layout, Row},
    format,
    svg::escape,
};
use crate::experiment::{Endpoint, Summary, comparisons::Comparison, summary::ContestantRow};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn page(summary: &Summary) -> String {
    let sections = [
        header(summary),
        overview(summary),
        policies(summary),
        comparisons(summary),
        exploration(summary),
        per_program(summary),
        warm_up(summary),
        times(summary),
        sealed(summary),
        problems(summary),
        methods(summary),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} – Trinity</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        escape(&summary.name),
        sections.concat()
    )
}

/// CSS class of a contestant's colour; copies and surplus contestants are grey.
fn colour(summary: &Summary, index: usize) -> String {
    match summary.contestants.get(index) {
        Some(row) if row.copy_of.is_none() && index < 10 => format!("c{index}"),
        _ => "cx".to_owned(),
    }
}

fn section(title: &str, note: &str, body: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"note\">{note}</p>\n") };
    format!("<section>\n<h2>{title}</h2>\n{note}{body}</section>\n")
}

/// A table; the head and cells are HTML already.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let rows: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>\n", row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    format!("<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n")
}

fn header(summary: &Summary) -> String {
    let question = if summary.question.is_empty() {
        String::new()
    } else {
        format!("<p class=\"question\">{}</p>\n", escape(&summary.question))
    };
    let reasons: String = summary.reasons.iter().map(|reason| format!("<li>{}</li>", escape(reason))).collect();
    let reasons = if reasons.is_empty() { reasons } else { format!("<ul class=\"reasons\">{reasons}</ul>\n") };
    let best = summary
        .contestants
        .iter()
        .filter(|row| row.copy_of.is_none())
        .filter_map(|row| Some((row, row.ratio(summary.primary)?)))
        .min_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio));
    let best = best.map_or_else(String::new, |(row, interval)| {
        tile(
            "best policy",
            &escape(&row.label),
            &format!("{} of {}", format::ratio(Some(interval)), escape(&summary.baseline)),
        )
    });
    let tiles = [
        best,
        tile("programs", &summary.programs.len().to_string(), &format!("{} processes each", summary.replicates)),
        tile("iterations", &summary.iterations.to_string(), "in each process"),
        tile(
            "cells",
            &format!("{} / {}", summary.cells.usable, summary.cells.planned),
            &format!("usable; {} failed, {} void", summary.cells.failed, summary.cells.voided),
        ),
    ];
    let host = if summary.agreement.as_ref().is_some_and(|found| found.refused) {
        "<span class=\"badge refused\">host refused</span>\n"
    } else {
        ""
    };
    format!(
        "<header>\n<h1>{}</h1>\n<span class=\"badge {}\">{}</span>\n{host}{question}{reasons}<div class=\"tiles\">{}</div>\n</header>\n",
        escape(&summary.name),
        summary.status,
        summary.status,
        tiles.concat()
    )
}

fn tile(title: &str, value: &str, note: &str) -> String {
    format!("<div class=\"tile\"><small>{title}</small><b>{value}</b><span>{note}</span></div>")
}

fn overview(summary: &Summary) -> String {
    let mut rows = Vec::new();
    for (index, row) in summary.contestants.iter().enumerate() {
        if row.label == summary.baseline {
            continue;
        }
        for (order, endpoint) in [summary.primary].into_iter().chain(others(summary.primary)).enumerate() {
            rows.push(Row {
                label: if order == 0 {
                    format!("{} · {}", row.label, endpoint.title())
                } else {
                    endpoint.title().to_owned()
                },
                interval: row.ratio(endpoint).copied(),
                class: if order == 0 { colour(summary, index) } else { format!("{} faint", colour(summary, index)) },
                total: order == 0,
                rule: order == 0,
            });
        }
    }
    let layout = Layout { labels: 300.0, plot: 440.0, numbers: 170.0 };
    section(
        "All programs",
        &format!(
            "Geometric mean of the ratio to <b>{}</b>, with 95&nbsp;% intervals; left of 1 is less time. Diamonds show \
             the primary endpoint.",
            escape(&summary.baseline)
        ),
        &forest::plot(&rows, &[], &layout, "Ratios over all programs"),
    )
}

fn others(primary: Endpoint) -> impl Iterator<Item = Endpoint> {
    Endpoint::ALL.into_iter().filter(move |endpoint| *endpoint != primary)
}

fn policies(summary: &Summary) -> String {
    let dash = || "–".to_owned();
    let rows: Vec<Vec<String>> = summary
        .contestants
        .iter()
        .enumerate()
        .map(|(index, row): (usize, &ContestantRow)| {
            let count = |value: u64| if row.compile_cpu_ns.is_some() { value.to_string() } else { dash() };
            vec![
                format!("<i class=\"swatch {}\"></i>{}", colour(summary, index), escape(&row.label)),
                format::ratio(row.ratio(summary.primary)),
                row.worst.as_ref().map_or_else(dash, |worst| {
                    format!("{} <small>{}</small>", format::ratio(Some(&worst.interval)), escape(&worst.program))
                }),
                row.compile_cpu_ns.map_or_else(dash, format::time),
                row.code_bytes.map_or_else(dash, format::bytes),
                row.peak_rss_bytes.map_or_else(dash, format::bytes),
                count(row.compiles),
                count(row.deopts),
                count(row.consultations),
                row.inference_ns.map_or_else(dash, format::time),
                if row.fallbacks > 0 { row.fallbacks.to_string() } else { dash() },
            ]
        })
        .collect();
    let head = [
        "policy",
        summary.primary.title(),
        "worst program",
        "compile CPU",
        "code",
        "memory",
        "compiles",
        "deopts",
        "decisions",
        "deciding",
        "fallbacks",
    ];
    section(
        "What each policy did",
        "Compile CPU time, code, memory and deciding time are medians per process; counts are totals.",
        &table(&head, &rows),
    )
}

/// One row of a table of comparisons.
fn compared(comparison: &Comparison) -> Vec<String> {
    let p = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |p| escape(&format::p_value(p)));
    vec![
        escape(&comparison.subject),
        escape(&comparison.baseline),
        format::ratio(comparison.interval.as_ref()),
        p(comparison.p),
        p(comparison.p_adjusted),
        escape(&comparison.verdict),
    ]
}

fn comparisons(summary: &Summary) -> String {
    let mut rows: Vec<Vec<String>> = summary.comparisons.iter().map(compared).collect();
    if let Some(copies) = &summary.aa {
        let mut row = compared(copies);
        row[0] = format!("<small>A/A</small> {}", row[0]);
        row[4] = "–".to_owned();
        rows.push(row);
    }
    if rows.is_empty() {
        return String::new();
    }
    let host = summary.agreement.as_ref().map_or_else(String::new, |found| {
        let judgement = if found.refused { "refused confirmatory status" } else { "accepted" };
        format!(" The host is <b>{judgement}</b>: {}.", escape(&found.said()))
    });
    section(
        "Declared comparisons",
        &format!(
            "On {}. Paired permutation tests on the blocks' log-ratios, for \u{201c}not slower\u{201d} against the \
             margin; Holm's correction over the declared comparisons. The A/A row compares two copies of one policy: it \
             shows what this host makes of no difference.{host}",
            summary.primary.title()
        ),
        &table(&["policy", "against", "ratio", "p", "p after Holm", "finding"], &rows),
    )
}

fn exploration(summary: &Summary) -> String {
    if summary.exploratory.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = summary.exploratory.iter().map(compared).collect();
    section(
        "Exploration",
        "Not declared beforehand: suggestions for an experiment of their own. The same tests; Benjamini and Hochberg's \
         correction, under which one in twenty of the differences found is expected to be none.",
        &table(&["policy", "against", "ratio", "p", "p after B–H", "finding"], &rows),
    )
}

fn per_program(summary: &Summary) -> String {
    let mut plots = String::new();
    let intervals = summary.programs.iter().flat_map(|program| &program.cells).filter_map(|cell| cell.ratio);
    let scale: Vec<f64> = intervals.flat_map(|i| [Some(i.ratio), i.low, i.high]).flatten().collect();
    for (index, row) in summary.contestants.iter().enumerate() {
        if row.label == summary.baseline || row.copy_of.is_some() {
            continue;
        }
        let mut rows: Vec<Row> = summary
            .programs
            .iter()
            .filter_map(|program| {
                Some(Row {
                    label: format!("{} {}", program.program, program.size),
                    interval: program.cells.get(index)?.ratio,
                    class: colour(summary, index),
                    total: false,
                    rule: false,
                })
            })
            .collect();
        rows.push(Row {
            label: "geometric mean".to_owned(),
            interval: row.ratio(summary.primary).copied(),
            class: colour(summary, index),
            total: true,
            rule: true,
        });
        let layout = Layout { labels: 165.0, plot: 250.0, numbers: 145.0 };
        plots += &format!(
            "<figure><figcaption><i class=\"swatch {}\"></i>{}</figcaption>{}</figure>\n",
            colour(summary, index),
            escape(&row.label),
            forest::plot(&rows, &scale, &layout, &format!("Ratios of {} per program", row.label))
        );
    }
    section(
        "Each program",
        &format!(
            "Ratio of {} to {}, with 95&nbsp;% intervals over processes; one scale for all.",
            summary.primary.title(),
            escape(&summary.baseline)
        ),
        &format!("<div class=\"grid\">\n{plots}</div>\n"),
    )
}

fn warm_up(summary: &Summary) -> String {
    if summary.iterations < 2 {
        return String::new();
    }
    let legend: String = summary
        .contestants
        .iter()
        .enumerate()
        .filter(|(_, row)| row.copy_of.is_none())
        .map(|(index, row)| {
            format!("<span><i class=\"swatch {}\"></i>{}</span>", colour(summary, index), escape(&row.label))
        })
        .collect();
    let plots: String = summary
        .programs
        .iter()
        .map(|program| {
            let curves: Vec<Curve> = program
                .cells
                .iter()
                .enumerate()
                .filter(|(index, _)| summary.contestants.get(*index).is_some_and(|row| row.copy_of.is_none()))
                .map(|(index, cell)| Curve {
                    label: summary.contestants[index].label.clone(),
                    class: colour(summary, index),
                    values: cell.curve_ns.clone(),
                })
                .collect();
            curves::plot(&curves, &format!("{} {}", program.program, program.size))
        })
        .collect();
    section(
        "Warm-up",
        "Median CPU time of each iteration.",
        &format!("<p class=\"legend\">{legend}</p>\n<div class=\"grid small\">\n{plots}</div>\n"),
    )
}

fn times(summary: &Summary) -> String {
    let labels: Vec<String> = summary.contestants.iter().map(|row| escape(&row.label)).collect();
    let mut head = vec!["program"];
    head.extend(labels.iter().map(String::as_str));
    let mut body = String::new();
    for (order, endpoint) in Endpoint::ALL.into_iter().enumerate() {
        let rows: Vec<Vec<String>> = summary
            .programs
            .iter()
            .map(|program| {
                let mut row = vec![format!("{} {}", escape(&program.program), program.size)];
                row.extend(program.cells.iter().map(|cell| {
                    let value = cell.median_ns.get(order).copied().flatten();
                    let time = value.map_or_else(|| "–".to_owned(), format::time);
                    if endpoint == Endpoint::Steady && cell.flat < cell.processes {
                        format!("{time} <small>{} of {} flat</small>", cell.flat, cell.processes)
                    } else {
                        time
                    }
                }));
                row
            })
            .collect();
        body += &format!("<details><summary>{}</summary>\n{}</details>\n", endpoint.title(), table(&head, &rows));
    }
    section(
        "Times",
        "Medians over processes. A process without flat later iterations has no steady state and does not count there.",
        &body,
    )
}

fn sealed(summary: &Summary) -> String {
    let Some(opened) = &summary.sealed else { return String::new() };
    let rows: Vec<Vec<String>> = opened
        .openings
        .iter()
        .map(|access| {
            vec![
                access.number.to_string(),
                escape(&access.utc),
                escape(&access.experiment),
                escape(&access.why),
                access.what.len().to_string(),
                format!("<code>{:.12}</code>", escape(&access.commit)),
                format!("<code>{:.12}</code>", escape(&access.spec_sha256)),
            ]
        })
        .collect();
    section(
        "Sealed test set",
        &format!(
            "These programs are kept for one final test. From the second opening on, results are post-hoc. Runs in this \
             folder that had access to them: {}.",
            opened.accesses
        ),
        &table(&["opening", "when", "experiment", "why", "programs", "commit", "spec"], &rows),
    )
}

fn problems(summary: &Summary) -> String {
    if summary.problems.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = summary
        .problems
        .iter()
        .map(|p| {
            vec![
                escape(&p.contestant),
                escape(&p.program),
                escape(&p.what),
                format!("<code>{}</code>", escape(&p.cell)),
            ]
        })
        .collect();
    section(
        "Cells that do not count",
        "Every process that failed or printed something else than the interpreter.",
        &table(&["policy", "program", "what happened", "cell"], &rows),
    )
}

fn methods(summary: &Summary) -> String {
    let host = &summary.host;
    let governor =
        if host.governor.is_empty() { String::new() } else { format!(", governor {}", escape(&host.governor)) };
    let definitions = [
        ("Unit", "One process. Blocks of one program, size and replicate run every policy once, in seeded random order.".to_owned()),
        (
            "Endpoints",
            "Cumulative time: CPU time of all iterations, compilation and decisions included. Time to first result: CPU \
             time of the first iteration. Steady state: mean of the later half of the iterations where their drift is \
             within 5&nbsp;% or within the noise. Whole process: wall time from start to end, start-up and result checks included."
                .to_owned(),
        ),
        (
            "Intervals",
            "Geometric means; studentised hierarchical bootstrap (program, process, iteration), 4,000 resamples, \
             95&nbsp;%; Student's t for fewer than eight programs, or processes where there is one program. An interval \
             over programs speaks about programs like these; a finding about programs in general goes by one at 5&nbsp;% \
             divided by the number of comparisons made together, of up to 16,000 resamples."
                .to_owned(),
        ),
        (
            "Tests",
            "Exact up to 32 blocks, else 20,000 random patterns of signs. They speak about these programs. Detectable is \
             what is found with a probability of 80&nbsp;%: by the tests after correction, and by an interval over \
             programs. The worst program is the largest of several ratios, and looks worse than it is for that."
                .to_owned(),
        ),
        ("Correctness", "A process counts only if it prints exactly what the interpreter prints.".to_owned()),
        ("Host", format!("{}, {} CPUs, Linux {}{governor}", escape(&host.cpu), host.cpus, escape(&host.kernel))),
        (
            "Provenance",
            format!(
                "Trinity {}, build <code>{:.12}</code>, spec <code>{:.12}</code>, seed {}",
                escape(&summary.vm_version),
                summary.build_sha256,
                summary.spec_sha256,
                summary.seed
            ),
        ),
    ];
    let body: String = definitions.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{text}</dd>\n")).collect();
    section("Method", "", &format!("<dl>\n{body}</dl>\n"))
}
