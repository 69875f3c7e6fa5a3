//! `trinity bench`: what it measures besides comparing.

use std::fs;

use serde_json::Value;

use super::{text, trinity};

#[test]
fn break_even_measures_both_forms_of_tier_1_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let options = ["--program", "fib", "--size", "test", "--processes", "2", "--iterations", "2", "--out", "x"];
    let run = |more: &[&str]| {
        let done = trinity(folder.path(), &[&["bench", "--break-even"], &options[..], more].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let report: Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
    assert_eq!((&report["size"], report["problems"].as_array().map(Vec::len)), (&Value::from("test"), Some(0)));
    let forms = report["forms"].as_array().expect("forms");
    assert_eq!(
        forms.iter().map(|form| form["form"].as_str()).collect::<Vec<_>>(),
        [Some("stencils"), Some("single-pass")]
    );
    for form in forms {
        let row = &form["programs"][0];
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("a number in {form}"));
        // fib(24) calls itself 150049 times.
        assert!((150_049.0..151_000.0).contains(&number(&row["calls_per_iteration"])), "{row}");
        let [tier0, tier1] = ["tier0_ns", "tier1_ns"].map(|key| number(&row[key]));
        let compile = &row["compile"];
        assert!(number(&compile["functions"]) >= 2.0 && number(&compile["bytecode_len"]) > 20.0, "{compile}");
        match &row["repaid"] {
            Value::Null => assert!(tier1 >= tier0, "{row}"),
            repaid => {
                let expected = number(&compile["cpu_ns"]) / (tier0 - tier1);
                assert!((number(&repaid["iterations"]) / expected - 1.0).abs() < 1e-9, "{row}");
            }
        }
        assert!(number(&row["median_us_per_bytecode"]) > 0.0);
        assert!(number(&form["p99_us_per_bytecode"]) >= number(&form["median_us_per_bytecode"]));
    }
    let cells = || fs::read(folder.path().join("x/cells.jsonl")).expect("reads");
    let before = cells();
    let table = run(&[]);
    assert!(table.contains("recursion/fib") && table.contains("repaid, median of programs: calls"), "{table}");
    assert_eq!(before, cells(), "nothing is measured twice");
}

#[test]
fn short_programs_are_compared_at_a_size_at_which_they_are_short() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let args = ["bench", "--short", "--program", "fib", "--program", "tak", "--processes", "2", "--json", "--out", "x"];
    let done = trinity(folder.path(), &[&args[..], &["--tiers", "tier1,all"]].concat());
    if text(&done.stderr).contains("no size makes any of these programs short") {
        return; // an unoptimised build
    }
    assert!(done.status.success(), "{}", text(&done.stderr));
    let report: Value = serde_json::from_str(&text(&done.stdout)).expect("JSON");
    let len = |key: &str| report[key].as_array().map(Vec::len);
    let subjects = report["subjects"].as_array().expect("subjects");
    let policies: Vec<&str> = subjects.iter().filter_map(|subject| subject["policy"].as_str()).collect();
    assert_eq!((policies, len("problems")), (vec!["fixed:50,5000 tier1", "fixed:50,5000"], Some(0)));
    let rows: Vec<&Value> = subjects.iter().filter_map(|subject| subject["programs"].as_array()).flatten().collect();
    assert_eq!(rows.len() / 2 + len("left_out").expect("names"), 2);
    for row in rows {
        assert!(["not-slower", "undecided", "slower"].map(Value::from).contains(&row["verdict"]), "{row}");
        assert!(
            row["half_width"].as_f64() > Some(0.0) && row["ratio"]["low"].as_f64() <= row["ratio"]["high"].as_f64()
        );
    }
    assert!(fs::read_to_string(folder.path().join("x/sizes.json")).is_ok_and(|sizes| sizes.contains("recursion/fib")));
}
