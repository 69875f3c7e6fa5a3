//! Programs, architecture and bad input: what must hold of the whole, asked through the binary and the repository.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn trinity(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace").to_owned()
}

/// True if `lua5.4 -e CHUNK` works; otherwise says so. On a build server that is a failure.
fn lua_can(chunk: &str, needs: &str) -> bool {
    // a space first: lua5.4 takes a text that begins with a comment's dashes for an option
    let can =
        Command::new("lua5.4").args(["-e", &format!(" {chunk}")]).output().is_ok_and(|output| output.status.success());
    assert!(can || std::env::var_os("CI").is_none(), "needs {needs}");
    if !can {
        println!("skipped: {needs} is not installed");
    }
    can
}

/// Every program of the suite gives its recorded result however it is compiled. Sealed families are sealed for
/// tuning, not for correctness.
mod suite {
    use super::*;

    fn gives_its_results(mode: &[&str]) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let base = &["suite", "run", "--size", "test", "--iterations", "2"][..];
        let done = trinity(folder.path(), &[base, mode].concat());
        let said = format!("{mode:?}: {}{}", text(&done.stdout), text(&done.stderr));
        assert!(done.status.success() && said.contains(" 0 failed"), "{said}");
        for sealed in ["codecs/json", "interpreters/regex"] {
            assert!(said.contains(sealed), "{sealed} ran: {said}");
        }
    }

    #[test]
    fn interpreted_and_under_lua() {
        let lua: &[&str] = if lua_can("", "lua5.4") { &["--against", "lua5.4"] } else { &[] };
        gives_its_results(&[&["--policy", "interpret"], lua].concat());
    }
    #[test]
    fn with_tier_1_forced() {
        gives_its_results(&["--force-tier", "1"]);
    }
    #[test]
    fn with_tier_2_forced() {
        gives_its_results(&["--force-tier", "2"]);
    }
    #[test]
    fn with_early_tiering() {
        gives_its_results(&["--policy", "fixed:2,30"]);
    }
}

/// What ARCHITECTURE.md states as absences.
mod architecture {
    use super::*;
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs,
    };

    /// Every crate that `package` is built with, itself included; the crates used by its tests only are not.
    fn built_with(package: &str) -> BTreeSet<String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args(["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
            .args(["--package", package])
            .current_dir(root())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
    }

    #[test]
    fn crates_do_not_depend_on_what_is_above_them() {
        let forbidden = BTreeMap::from([
            ("trinity-vm", &["cranelift", "polars", "linfa", "clap", "trinity-"][..]),
            ("trinity-jit", &["polars", "linfa", "clap", "trinity-policy", "trinity-datasets", "trinity-experiments"]),
            ("trinity-datasets", &["cranelift", "linfa", "trinity-policy", "trinity-jit", "trinity-experiments"]),
            ("trinity-policy", &["cranelift", "trinity-jit", "trinity-experiments"]),
        ]);
        for (package, prefixes) in forbidden {
            let crates = built_with(package);
            assert!(crates.contains(package), "{package}: {crates:?}");
            for name in crates.iter().filter(|name| *name != package) {
                assert!(!prefixes.iter().any(|prefix| name.starts_with(prefix)), "{package} depends on {name}");
            }
        }
    }

    /// All files of the repository but those that git ignores.
    fn files() -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).expect("lists") {
                let path = entry.expect("lists").path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let ignored = [".git", "target", "trinity-out", "__pycache__", ".ipynb_checkpoints", ".venv"];
                if path.is_dir() && !ignored.contains(&name.as_str()) {
                    walk(&path, found);
                } else if path.is_file() && name != ".git" {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        walk(&root(), &mut found);
        assert!(found.len() > 100, "{} files", found.len());
        found
    }

    #[test]
    fn no_file_names_a_place_on_somebodys_machine() {
        // spelt in pieces, since this file is searched too
        let places = [["/ho", "me/"], ["/ro", "ot/"], ["/wo", "rk/"], ["/Use", "rs/"]].map(|parts| parts.concat());
        let mut wrong = Vec::new();
        for path in files() {
            let Ok(content) = fs::read_to_string(&path) else { continue };
            for (number, line) in content.lines().enumerate() {
                for place in &places {
                    // an absolute path: what precedes is not part of a longer path
                    let absolute = line
                        .match_indices(place.as_str())
                        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.})$".contains(c)));
                    if absolute {
                        wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn no_rust_file_is_longer_than_1200_lines() {
        for path in files().iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
            let lines = fs::read_to_string(path).expect("reads").lines().count();
            assert!(lines <= 1200, "{}: {lines} lines", path.display());
        }
    }
}

/// What a user gets wrong leads to one line that names the file; `cli.rs` has the statuses of everything else.
mod bad_input {
    use super::*;
    use std::fs;

    /// Asserts status and exactly one line on standard error, which names `file`.
    fn one_line(folder: &Path, args: &[&str], status: i32, file: &str) {
        let done = trinity(folder, args);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(status), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert!(said.contains(file), "{args:?} names {file}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }

    #[test]
    fn programs() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let here = folder.path();
        fs::write(here.join("syntax.lua"), "local x = 1\nlocal function f(\n").expect("writes");
        fs::write(here.join("binary.lua"), b"\x1bLua\x54\0\x19\x93").expect("writes");
        fs::write(here.join("bytes.lua"), b"\xff\xfe\0\x01return").expect("writes");
        for file in ["syntax.lua", "bytes.lua", "missing.lua", "binary.lua"] {
            one_line(here, &["run", file], 1, file);
            one_line(here, &["check", file], 1, file);
            one_line(here, &["disasm", file], 1, file);
        }
    }

    #[test]
    fn specs() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let here = folder.path();
        let specs = [
            ("cut.toml", "name = \"cut\npolicies = ["),
            ("key.toml", "name = \"x\"\nnobody_knows = 1\n"),
            ("type.toml", "name = \"x\"\nreplicates = \"many\"\n"),
            ("policy.toml", "name = \"x\"\npolicies = [\"nonsense\"]\nbaseline = \"nonsense\"\n"),
            ("empty.toml", ""),
        ];
        for (file, content) in specs {
            fs::write(here.join(file), content).expect("writes");
            // the request itself cannot be understood
            one_line(here, &["experiment", "plan", file, "--out", "x"], 2, file);
            one_line(here, &["collect", file, "--out", "data"], 2, file);
        }
        one_line(here, &["experiment", "plan", "missing.toml", "--out", "x"], 2, "missing.toml");
        assert!(!here.join("x").exists() && !here.join("data").exists(), "nothing is begun");
    }

    /// Makes a small data set in `here/data`; its Parquet files.
    fn data_set(here: &Path) -> Vec<PathBuf> {
        let source = "local s = 0 for i = 1, 300000 do s = s + i end print(s)";
        let done = trinity(here, &["run", "--log", "data", "-e", source]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let (mut found, mut folders) = (Vec::new(), vec![here.join("data")]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("lists") {
                let path = entry.expect("lists").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "parquet") {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_truncated_data_set() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let here = folder.path();
        let part = data_set(here).into_iter().find(|path| path.ends_with_table("decision")).expect("decisions");
        assert!(trinity(here, &["data", "validate", "data"]).status.success());
        let whole = fs::read(&part).expect("reads");
        let name = part.file_name().expect("a file").to_string_lossy().into_owned();
        for length in [0, 7, whole.len() / 2, whole.len() - 1] {
            fs::write(&part, &whole[..length]).expect("writes");
            // the answer of `validate` is its list of problems, on standard output
            let validated = trinity(here, &["data", "validate", "data"]);
            assert_eq!(validated.status.code(), Some(1));
            assert!(text(&validated.stdout).contains(&name), "{}", text(&validated.stdout));
            one_line(here, &["train", "quickstart", "--data", "data", "--out", "model.json"], 1, &name);
        }
        assert!(!here.join("model.json").exists());
        one_line(here, &["data", "describe", "nowhere"], 1, "nowhere");
    }

    trait Table {
        fn ends_with_table(&self, table: &str) -> bool;
    }
    impl Table for PathBuf {
        fn ends_with_table(&self, table: &str) -> bool {
            self.parent().is_some_and(|folder| folder.ends_with(table))
        }
    }

    #[test]
    fn a_truncated_model() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let here = folder.path();
        for (file, content) in
            [("cut.json", "{\"schema_version\": 1, \"kind\":"), ("empty.json", ""), ("not.json", "\0")]
        {
            fs::write(here.join(file), content).expect("writes");
            let policy = format!("learned:{file}");
            one_line(here, &["policy", "explain", &policy], 1, file);
            // a policy that cannot be made is wrong usage of `run`
            one_line(here, &["run", "--policy", &policy, "-e", "return"], 2, file);
        }
        one_line(here, &["run", "--policy", "learned:missing.json", "-e", "return"], 2, "missing.json");
    }

    #[test]
    fn wrong_usage_is_status_2() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let wrong: [&[&str]; 8] = [
            &["collect", "quickstart"],
            &["train", "quickstart", "--data", "x"],
            &["data"],
            &["policy", "explain", "nonsense"],
            &["suite", "run", "--size", "huge"],
            &["suite", "run", "--program", "nobody/knows"],
            &["run", "--policy", "fixed:1", "-e", "return"],
            &["run", "--force-tier", "two", "-e", "return"],
        ];
        for args in wrong {
            let done = trinity(folder.path(), args);
            assert_eq!(done.status.code(), Some(2), "{args:?}: {}", text(&done.stderr));
            assert!(!done.stderr.is_empty(), "{args:?} says what is wrong");
        }
    }
}
