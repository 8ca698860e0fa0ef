//! Where a machine keeps its roots.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use gh_connect_engine::{Cx, Lack, shown};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{RootSet, words};

/// This machine's own store.
pub(super) fn of_this_machine(cx: &Cx) -> Result<RootSet, String> {
    let mut set = RootSet::empty("this machine's store");
    own(cx, &mut set)?;
    Ok(set)
}

/// What `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
pub(super) fn of_environment(cx: &Cx, file: Option<&Path>, folders: &[PathBuf]) -> Result<RootSet, String> {
    let path = |path: &Path| shown(&path.display().to_string(), 200);
    let named_file = file.map(|file| format!("SSL_CERT_FILE={}", path(file)));
    let named: Vec<String> = folders.iter().map(|folder| path(folder)).collect();
    let named_folders = (!named.is_empty()).then(|| format!("SSL_CERT_DIR={}", named.join(":")));
    let source: Vec<String> = named_file.into_iter().chain(named_folders).collect();
    let mut set = RootSet::empty(&source.join(" and "));
    Reader::new(cx).all(file, folders, &mut set)?;
    Ok(set)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn own(cx: &Cx, set: &mut RootSet) -> Result<(), String> {
    let places = openssl_probe::probe();
    Reader::new(cx).all(places.cert_file.as_deref(), &places.cert_dir, set)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn own(_: &Cx, set: &mut RootSet) -> Result<(), String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        if let rustls_native_certs::ErrorKind::Io { inner, .. } = &error.kind {
            enough(inner)?;
        }
        set.trouble(&error.to_string());
    }
    found.certs.into_iter().for_each(|certificate| set.add(certificate));
    Ok(())
}

/// A store that was read in part only because nothing more could be opened would distrust what the machine trusts.
fn enough(error: &std::io::Error) -> Result<(), String> {
    Lack::of(error).map_or(Ok(()), |lack| Err(lack.to_string()))
}

/// Reads files of certificates: regular ones only, each once, and all together not without end.
struct Reader<'a> {
    cx: &'a Cx,
    /// How many bytes may still be read.
    left: usize,
    read: HashSet<PathBuf>,
}

impl<'a> Reader<'a> {
    fn new(cx: &'a Cx) -> Self {
        Self { cx, left: MOST_BYTES, read: HashSet::new() }
    }

    fn all(&mut self, file: Option<&Path>, folders: &[PathBuf], set: &mut RootSet) -> Result<(), String> {
        if let Some(file) = file {
            self.file(file, set)?;
        }
        folders.iter().try_for_each(|folder| self.folder(folder, set))
    }

    fn folder(&mut self, folder: &Path, set: &mut RootSet) -> Result<(), String> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                enough(&error)?;
                set.trouble(&format!("{} cannot be read: {error}", folder.display()));
                return Ok(());
            }
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).take(MOST_FILES).collect();
        files.sort();
        files.iter().try_for_each(|file| self.file(file, set))
    }

    fn file(&mut self, file: &Path, set: &mut RootSet) -> Result<(), String> {
        // A folder of certificates links to each by several names.
        let own_name = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if self.left == 0 || !self.read.insert(own_name) {
            return Ok(());
        }
        let name = file.display();
        let pem = match self.cx.effects().read(file) {
            Ok(pem) => pem,
            Err(error) => {
                enough(&error)?;
                if error.kind() == std::io::ErrorKind::FileTooLarge {
                    self.left = self.left.saturating_sub(MOST_BYTES / 4);
                }
                set.trouble(&format!("{name} cannot be read: {error}"));
                return Ok(());
            }
        };
        let Some(left) = self.left.checked_sub(pem.len()) else {
            let most = MOST_BYTES >> 20;
            set.trouble(&format!("{name} is left out: there are more than {most} MiB of files"));
            return Ok(());
        };
        self.left = left;
        for certificate in CertificateDer::pem_slice_iter(&pem).take(MOST_IN_A_FILE) {
            match certificate {
                Ok(certificate) => set.add(certificate),
                Err(error) => set.trouble(&format!("{name} is no proper PEM file: {}", words(&error, &pem))),
            }
        }
        Ok(())
    }
}

/// Far more than any store holds.
const MOST_FILES: usize = 4096;
const MOST_IN_A_FILE: usize = 8192;
const MOST_BYTES: usize = 64 << 20;

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::{Authority, Pems, cx, plan};

    #[test]
    fn a_folder_is_read_once_however_often_it_names_a_file() {
        let pems = Pems::new();
        let file = pems.file("a.pem", &Authority::new("A"));
        pems.file("b.pem", &Authority::new("B"));
        let folder = file.parent().expect("a folder").to_owned();
        std::os::unix::fs::symlink(&file, folder.join("0a1b2c3d.0")).expect("a link");
        std::os::unix::fs::symlink("/nonexistent/file", folder.join("4e5f6071.0")).expect("a link");
        let set = of_environment(&cx(plan(&[])), Some(&file), std::slice::from_ref(&folder)).expect("read");
        assert_eq!((set.roots, set.unusable, set.troubles.len()), (2, 0, 0), "{set:?}");
        let expected = format!("SSL_CERT_FILE={} and SSL_CERT_DIR={}", file.display(), folder.display());
        assert_eq!(set.source, expected);
    }

    #[test]
    fn what_may_never_end_is_named_and_not_read() {
        let set = of_environment(&cx(plan(&[])), Some(Path::new("/dev/zero")), &["/nonexistent".into()])
            .expect("read");
        assert_eq!((set.roots, set.troubles.len()), (0, 2));
        assert_eq!(set.troubles[0], "/dev/zero cannot be read: it is not a regular file");
    }
}
