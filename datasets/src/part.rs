//! One Parquet part: written whole or not at all, read with the explicit schema.

use std::{
    cell::Cell,
    fs::File,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Once,
};

use polars::prelude::*;
use serde_json::json;

use crate::{
    error::{DataError, one_line},
    schema::{SCHEMA_VERSION, Side, Table, polars_schema},
};

/// Prefix of files that are being written; readers pass them over.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// Writes one side of a table to `path` (zstd), through a temporary file. `frame` may have more columns.
pub(crate) fn write(path: &Path, table: Table, side: Side, frame: &DataFrame) -> Result<(), DataError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut frame = frame.select(table.stored(side).map(|column| column.name))?;
    // Equal rows are equal bytes however they were put together.
    frame.rechunk_mut();
    std::fs::create_dir_all(dir).map_err(DataError::io(dir, "create the directory"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = dir.join(format!("{TEMPORARY}{name}"));
    // In memory first: the writer says of a full disk that the file makes no sense.
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(Some(metadata(table, side)))
        .set_parallel(false)
        .finish(&mut frame)?;
    let mut file = File::create(&temporary).map_err(DataError::io(&temporary, "create the part"))?;
    file.write_all(&bytes).map_err(DataError::io(&temporary, "write the part"))?;
    file.sync_all().map_err(DataError::io(&temporary, "write the part"))?;
    std::fs::rename(&temporary, path).map_err(DataError::io(path, "put the part in its place"))
}

/// Waits until what was renamed in `dir` is on the disk.
pub(crate) fn sync_directory(dir: &Path) -> Result<(), DataError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(DataError::io(dir, "write the directory"))
}

/// Writes a small file through a temporary one.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), DataError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!("{TEMPORARY}{name}"));
    let mut file = File::create(&temporary).map_err(DataError::io(&temporary, "create the file"))?;
    file.write_all(text.as_bytes()).map_err(DataError::io(&temporary, "write the file"))?;
    file.sync_all().map_err(DataError::io(&temporary, "write the file"))?;
    std::fs::rename(&temporary, path).map_err(DataError::io(path, "put the file in its place"))?;
    path.parent().map_or(Ok(()), sync_directory)
}

fn metadata(table: Table, side: Side) -> KeyValueMetadata {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut pairs =
        vec![pair("schema_version", SCHEMA_VERSION), pair("table", table.name()), pair("side", side.name())];
    for column in table.stored(side) {
        pairs.push((format!("column.{}", column.name), column_json(column).to_string()));
    }
    KeyValueMetadata::from_static(pairs)
}

pub(crate) fn column_json(column: &crate::schema::Column) -> serde_json::Value {
    json!({
        "dtype": column.dtype.name(),
        "unit": column.unit,
        "nullable": column.nullable,
        "key": column.key,
        "side": column.side().name(),
        "role": column.role.name(),
        "available_at_decision": column.available_at_decision,
        "deterministic": column.deterministic,
        "platform_dependent": column.platform_dependent,
        "description": column.description,
    })
}

/// Opens a part and compares its metadata and columns with the schema. Returns the reader and its number of rows.
fn open(path: &Path, table: Table, side: Side) -> Result<(ParquetReader<File>, usize), DataError> {
    let corrupt =
        |error: PolarsError| DataError::Corrupt { path: path.to_owned(), detail: one_line(&error.to_string()) };
    let file = File::open(path).map_err(DataError::io(path, "open the part"))?;
    let mut reader = ParquetReader::new(file);
    let footer = reader.get_metadata().map_err(corrupt)?.clone();
    let rows = footer.num_rows;
    let pairs = footer.key_value_metadata().as_deref().unwrap_or_default();
    let value = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.clone());
    let version = value("schema_version").unwrap_or_else(|| "missing".to_owned());
    if version != SCHEMA_VERSION {
        return Err(DataError::SchemaVersion { path: path.to_owned(), found: version });
    }
    let found = reader.schema().map_err(corrupt)?;
    let found = Schema::from_arrow_schema(&found);
    let expected = polars_schema(table.stored(side));
    let mismatch = |detail: String| DataError::SchemaMismatch { path: path.to_owned(), table: table.name(), detail };
    for (name, dtype) in expected.iter() {
        match found.get(name) {
            None => return Err(mismatch(format!("column `{name}` is missing"))),
            Some(other) if other != dtype => {
                return Err(mismatch(format!("column `{name}` is {other}, should be {dtype}")));
            }
            Some(_) => {}
        }
    }
    if let Some(name) = found.iter_names().find(|name| expected.get(name).is_none()) {
        return Err(mismatch(format!("unknown column `{name}`")));
    }
    Ok((reader, rows))
}

/// Number of rows, from the footer.
pub(crate) fn rows(path: &Path, table: Table, side: Side) -> Result<usize, DataError> {
    guarded(path, || Ok(open(path, table, side)?.1))
}

/// Reads some columns (all when `None`).
pub(crate) fn read(path: &Path, table: Table, side: Side, columns: Option<&[&str]>) -> Result<DataFrame, DataError> {
    guarded(path, || {
        let (reader, _) = open(path, table, side)?;
        let columns = match columns {
            Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            None => table.stored(side).map(|column| column.name.to_owned()).collect(),
        };
        reader
            .with_columns(Some(columns))
            // On this thread, so that `guarded` sees what happens.
            .read_parallel(ParallelStrategy::None)
            .finish()
            .map_err(|error| DataError::Corrupt { path: path.to_owned(), detail: one_line(&error.to_string()) })
    })
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Damaged pages make the Parquet decoder panic in places; to the caller that is one more damaged file.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    QUIET.set(false);
    result.unwrap_or_else(|_| Err(DataError::Corrupt { path: path.to_owned(), detail: "damaged page".to_owned() }))
}
