//! Rule 15 of the methodology: the numbers of this crate equal those of an independent implementation, given the same
//! choices in resampling. `reference.py` is that implementation; `golden.json` has what it has printed.
//!
//! `TRINITY_BLESS=1 cargo test --release --lib reference` writes `golden.json` again.

use std::{fs, path::Path, process::Command};

use serde::{Deserialize, Serialize};

use super::{Draw, Interval, Pair, Rng, benjamini_hochberg, hierarchical, holm, paired_permutation, simulation::Setup};

const RESAMPLES: u32 = 40;

/// What both implementations read.
#[derive(Serialize)]
struct Input {
    programs: Vec<Vec<Sides>>,
    resamples: u32,
    choices: Vec<usize>,
}

#[derive(Serialize)]
struct Sides {
    subject: Vec<f64>,
    baseline: Vec<f64>,
}

/// What the independent implementation prints.
#[derive(Deserialize)]
struct Expected {
    overall: Numbers,
    programs: Vec<Numbers>,
    worst: usize,
    p: f64,
    p_values: Vec<f64>,
    holm: Vec<f64>,
    bh: Vec<f64>,
}

#[derive(Deserialize)]
struct Numbers {
    ratio: f64,
    low: f64,
    high: f64,
    detectable: f64,
}

/// Writes down what it chooses.
struct Recorder {
    rng: Rng,
    choices: Vec<usize>,
}

impl Draw for Recorder {
    fn below(&mut self, bound: usize) -> usize {
        let choice = self.rng.below(bound);
        self.choices.push(choice);
        choice
    }
    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }
}

/// Nine programs with five blocks of three iterations each, except that one program lacks a block and one process has
/// a single value.
fn measurements() -> Vec<Vec<Pair>> {
    let setup = Setup {
        programs: 9,
        blocks: 5,
        iterations: 3,
        iteration: 0.05,
        program: 0.04,
        effect: -0.01,
        ..Setup::default()
    };
    let mut programs = setup.measure(&mut Rng::stream(15, "reference"));
    programs[2].pop();
    programs[4][1].baseline.truncate(1);
    programs
}

fn near(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours} here, {theirs} there");
}

fn same(ours: &Interval, theirs: &Numbers, what: &str) {
    near(ours.ratio, theirs.ratio, what);
    for (ours, theirs) in [(ours.low, theirs.low), (ours.high, theirs.high), (ours.detectable, theirs.detectable)] {
        near(ours.expect("there are several units"), theirs, what);
    }
}

/// Compares everything with what the other implementation has printed.
fn compare(programs: &[Vec<Pair>], overall: &Interval, expected: &Expected) {
    same(overall, &expected.overall, "overall");
    assert_eq!(programs.len(), expected.programs.len());
    let mut draw = Rng::stream(1, "not used: few blocks");
    let each: Vec<Interval> = programs
        .iter()
        .map(|blocks| hierarchical(std::slice::from_ref(blocks), RESAMPLES, &mut draw).expect("blocks"))
        .collect();
    for (number, (ours, theirs)) in each.iter().zip(&expected.programs).enumerate() {
        same(ours, theirs, &format!("program {number}"));
    }
    let worst = each.iter().enumerate().max_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio)).map(|(number, _)| number);
    assert_eq!(worst, Some(expected.worst));
    let groups: Vec<Vec<f64>> = programs.iter().map(|blocks| blocks.iter().map(Pair::log_ratio).collect()).collect();
    let p = |groups: &[Vec<f64>]| paired_permutation(groups, 0, &mut Rng::stream(1, "not used: exact")).expect("data");
    near(p(&groups[..3]), expected.p, "p");
    let p_values: Vec<f64> = groups.iter().map(|group| p(std::slice::from_ref(group))).collect();
    for (ours, theirs, what) in [
        (&p_values, &expected.p_values, "p of a program"),
        (&holm(&p_values), &expected.holm, "Holm"),
        (&benjamini_hochberg(&p_values), &expected.bh, "Benjamini-Hochberg"),
    ] {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).for_each(|(ours, theirs)| near(*ours, *theirs, what));
    }
}

/// Measurements, their interval, and the file that the other implementation reads.
fn prepared() -> (Vec<Vec<Pair>>, Interval, String) {
    let programs = measurements();
    let mut recorder = Recorder { rng: Rng::stream(16, "choices"), choices: Vec::new() };
    let overall = hierarchical(&programs, RESAMPLES, &mut recorder).expect("data");
    let sides = |pair: &Pair| Sides { subject: pair.subject.clone(), baseline: pair.baseline.clone() };
    let input = Input {
        programs: programs.iter().map(|blocks| blocks.iter().map(sides).collect()).collect(),
        resamples: RESAMPLES,
        choices: recorder.choices,
    };
    (programs, overall, serde_json::to_string(&input).expect("serialises"))
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stats/reference").join(name)
}

#[test]
fn numbers_equal_those_that_the_independent_implementation_gave() {
    let (programs, overall, _) = prepared();
    let golden = fs::read_to_string(file("golden.json")).expect("golden.json is kept beside this test");
    compare(&programs, &overall, &serde_json::from_str(&golden).expect("parses"));
}

#[test]
fn numbers_equal_those_of_the_independent_implementation() {
    let (programs, overall, input) = prepared();
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("input.json");
    fs::write(&path, input).expect("writes");
    let done = match Command::new("python3").arg(file("reference.py")).arg(path).output() {
        Ok(done) => done,
        Err(error) => {
            println!("skipped: python3 cannot be started ({error})");
            return;
        }
    };
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    if std::env::var_os("TRINITY_BLESS").is_some() {
        fs::write(file("golden.json"), said.as_bytes()).expect("writes");
    }
    compare(&programs, &overall, &serde_json::from_str(&said).expect("parses"));
}
