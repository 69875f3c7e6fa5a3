//! The benchmark suite, or a folder of generated programs, which has the same form.

/// `(id, size, result)` of every program, at its smallest size.
pub fn programs(folder: &str) -> Vec<(String, String, String)> {
    let description = ["suite.toml", "generated.toml"].iter().find_map(|name| {
        let path = std::path::Path::new(folder).join(name);
        std::fs::read_to_string(path).ok()
    });
    let mut programs: Vec<(String, String, String)> = Vec::new();
    let mut table = "";
    // The file is written by a tool: one key a line, and `test` first in each table that is written on one line.
    for line in description.as_deref().expect("the programs are described").lines() {
        let quoted =
            |text: &str| text.trim().trim_start_matches('"').split(['"', ',', ' ']).next().unwrap_or("").to_owned();
        let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
        let of_test = value.split_once("test = ").map(|(_, value)| value);
        match (key, table, programs.last_mut()) {
            ("[program.sizes]" | "[program.result]" | "[[program]]" | "[program.parameters]", ..) => table = key,
            ("id", ..) => programs.push((quoted(value), String::new(), String::new())),
            ("sizes", _, Some(program)) => program.1 = quoted(of_test.unwrap_or_default()),
            ("result", _, Some(program)) => {
                let result = of_test.unwrap_or_default().trim_start_matches('"');
                program.2 = result.split('"').next().unwrap_or_default().to_owned();
            }
            ("test", "[program.sizes]", Some(program)) => program.1 = value.to_owned(),
            ("test", "[program.result]", Some(program)) => program.2 = value.trim_matches('"').to_owned(),
            _ => {}
        }
    }
    programs
}
