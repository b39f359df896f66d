//! Writing a file that people edit: whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Puts a text in the place of a file's, with its permissions. Whoever reads it sees the old text or the new one; if this fails,
/// the old one is still there. A link is followed: its target changes, it stays.
pub(super) fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let path = if path.exists() { path.canonicalize()? } else { path.to_path_buf() };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // Hidden, so that nothing that watches the folder takes it for a flow.
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write(&beside, text, &path).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(beside: &Path, text: &str, like: &Path) -> io::Result<()> {
    let mut file = File::create(beside)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(like) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_new_the_permissions_are_old_and_nothing_lies_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        replace_file(&path, "one").expect("a new file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        }
        replace_file(&path, "two").expect("replaced");
        assert_eq!(fs::read_to_string(&path).expect("read"), "two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(replace_file(&folder.path().join("nowhere/a.yaml"), "x").is_err());
    }
}
