//! The benchmark suite.

/// `(id, size, result)` of every program, at its smallest size.
pub fn programs(folder: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(format!("{folder}/suite.toml")).expect("the suite is described");
    let mut programs = Vec::new();
    let mut id = String::new();
    let mut size = String::new();
    // The file is written by a tool: one key a line, `test` first in each table.
    for line in text.lines() {
        let test = |quote: char| {
            let value = line.split_once("test = ").map_or("", |(_, value)| value);
            value.trim_start_matches(quote).split([quote, ',', ' ']).next().unwrap_or("").to_string()
        };
        if let Some(value) = line.strip_prefix("id = ") {
            id = value.trim_matches('"').to_string();
        } else if line.starts_with("sizes = ") {
            size = test(',');
        } else if line.starts_with("result = ") {
            let value = line.split("test = \"").nth(1).and_then(|rest| rest.split("\", ").next()).unwrap_or("");
            programs.push((id.clone(), size.clone(), value.trim_end_matches("\" }").to_string()));
        }
    }
    programs
}
