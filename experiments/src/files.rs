//! Files that are whole or absent, and digests.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::failure::{AtPath, Failure, Result};

/// Replaces `path` in one step: a reader sees the old content or the new one.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).at("create the folder", folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).at("create a file", folder)?;
    file.write_all(bytes).at("write", path)?;
    file.as_file().sync_all().at("write", path)?;
    // A temporary file is private to its owner; a result is as readable as any other file.
    set_readable(file.as_file(), path)?;
    file.persist(path).map_err(|error| Failure::io("write", path, &error.error))?;
    Ok(())
}

#[cfg(unix)]
fn set_readable(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644)).at("write", path)
}

#[cfg(not(unix))]
fn set_readable(_: &File, _: &Path) -> Result<()> {
    Ok(())
}

/// The text of a file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).at("read", path)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, read in pieces.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).at("read", path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).at("read", path)?;
        if count == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("deep/file.txt");
        write_whole(&path, b"a long first version").expect("writes");
        write_whole(&path, b"short").expect("writes");
        assert_eq!(read_text(&path).expect("reads"), "short");
        assert_eq!(fs::read_dir(folder.path().join("deep")).expect("lists").count(), 1);
        assert_eq!(sha256_file(&path).expect("reads"), sha256(b"short"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_text(Path::new("no/such/file")).expect_err("missing").to_string();
        assert!(error.contains("no/such/file"), "{error}");
    }
}
