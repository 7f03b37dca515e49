//! Writing files whole: beside their place first, and then put into it. Whoever is interrupted leaves what was there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures_util::poll;

use crate::error::Error;

/// A file on its way to its place. It goes away with this value, unless it was put there by then.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Where it is written.
    way: PathBuf,
    /// Where it belongs.
    place: PathBuf,
}

impl Beside {
    /// Finds a place for the way.
    ///
    /// # Errors
    /// A name that is no file's, or a folder that is not there.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        check(path)?;
        // A link stays one, and what it leads to is written.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let name = place.file_name().ok_or_else(|| {
            let path = path.display();
            Error::Wrong(format!("`{path}` is no file's name: name a file"))
        })?;
        if fs::metadata(&place).is_ok_and(|there| !there.is_file()) {
            // A pipe or a device is written as it is; nothing may take its place.
            let way = place.clone();
            return Ok(Self { way, place });
        }
        let (name, process) = (name.to_string_lossy(), std::process::id());
        let way = place.with_file_name(format!(".{name}.{process}.tmp"));
        Ok(Self { way, place })
    }

    /// Opens it.
    pub(crate) fn open(&self) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::new(File::create(&self.way)?))
    }

    /// Puts it into its place, all of it.
    pub(crate) fn keep(self, file: BufWriter<File>) -> io::Result<()> {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if self.way == self.place {
            return Ok(());
        }
        // What was there keeps its mode.
        if let Ok(there) = fs::metadata(&self.place) {
            fs::set_permissions(&self.way, there.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&self.way, &self.place)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.way != self.place {
            // After the renaming there is nothing left.
            let _ = fs::remove_file(&self.way);
        }
    }
}

/// Whether a file could be written there, before anything else is done.
///
/// # Errors
/// A folder in its place, or none to put it into.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Error::Wrong(format!(
            "`{shown}` is a folder: name a file in it"
        )));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        None => Ok(()),
        Some(folder) => Err(Error::Wrong(format!(
            "cannot write `{shown}`: there is no folder `{}`; make it, or name another",
            folder.display()
        ))),
    }
}

/// Whether a file can be written there, by beginning one and taking it away: before what takes its time.
///
/// # Errors
/// As [`Beside::new`]; what the system says of the file.
pub(crate) fn try_out(path: &Path) -> Result<(), Error> {
    let beside = Beside::new(path)?;
    if beside.way == beside.place {
        // Whoever reads a pipe would hear of it.
        return Ok(());
    }
    beside.open().map(drop).map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &io::Error) -> Error {
    Error::Wrong(format!("cannot write `{}`: {error}", path.display()))
}

/// Writes a file. Ctrl-C waits until it is whole.
///
/// # Errors
/// As [`Beside::new`]; what the system says of the file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = Beside::new(path)?;
    let written = held_back(|| {
        let mut file = beside.open()?;
        file.write_all(bytes)?;
        beside.keep(file)
    });
    written.map_err(|error| wrong(path, &error))
}

/// Does what must not be interrupted: from here on the signal is taken and means nothing to this process.
fn held_back(act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signal = pin!(tokio::signal::ctrl_c());
        // Asking once is what takes it.
        let _ = poll!(&mut signal);
        act()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Beside, check, write};

    fn names(folder: &std::path::Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write(&path, b"first").unwrap();
        let beside = Beside::new(&path).unwrap();
        let mut half = beside.open().unwrap();
        std::io::Write::write_all(&mut half, b"sec").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop((half, beside));
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }

    #[cfg(unix)]
    #[test]
    fn what_takes_the_place_of_a_file_has_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write(&path, b"first").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        write(&path, b"second").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("out"), folder.path().join("link"));
        fs::write(&path, "first").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"second").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"second");
        write(std::path::Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn rule_10_folders_that_are_there_or_not_are_told_before_anything_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let told = check(folder.path()).unwrap_err().to_string();
        assert!(told.ends_with("is a folder: name a file in it"), "{told}");
        let told = check(&folder.path().join("none/out")).unwrap_err();
        assert!(told.to_string().contains("make it"), "{told}");
        assert!(check(std::path::Path::new("out")).is_ok());
    }
}
