//! A certificate authority made with the `openssl` command, so that no code of this project encodes what it decodes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::netns::{output, succeed};

/// An authority that signs certificates: a root, or an intermediate under one.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    /// The certificates between a leaf and the root, the nearest first, in PEM; empty for a root.
    intermediates: String,
}

/// A certificate for a server, with its key.
#[derive(Debug)]
pub struct Identity {
    /// PEM: the leaf and every intermediate, as a server should send it.
    pub chain: PathBuf,
    /// PEM: the leaf alone, as a server with a missing intermediate sends it.
    pub leaf: PathBuf,
    /// PEM, unencrypted.
    pub key: PathBuf,
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From yesterday on for 90 days, as GitHub's are: a test may set its clock back by minutes.
    Now,
    /// Until a day in 2024.
    Past,
    /// From a day in 2049 on.
    Future,
}

impl Authority {
    /// A self-signed root called `common_name`, kept in a new folder under `parent`.
    ///
    /// # Errors
    /// When `openssl` fails, with what it said.
    pub fn root(parent: &Path, common_name: &str) -> Result<Self> {
        Self::root_valid(parent, common_name, Validity::Now)
    }

    /// As [`Authority::root`], with another validity.
    ///
    /// # Errors
    /// When `openssl` fails, with what it said.
    pub fn root_valid(parent: &Path, common_name: &str, validity: Validity) -> Result<Self> {
        let authority = Self::folder(parent, common_name, String::new())?;
        authority.sign(&authority.key(), &authority.certificate(), common_name, "authority", validity)?;
        Ok(authority)
    }

    /// An intermediate under this authority.
    ///
    /// # Errors
    /// When `openssl` fails, with what it said.
    pub fn intermediate(&self, common_name: &str) -> Result<Self> {
        let mut below = Self::folder(&self.folder, common_name, String::new())?;
        let certificate = below.certificate();
        self.sign(&below.key(), &certificate, common_name, "authority", Validity::Now)?;
        below.intermediates = fs::read_to_string(&certificate)? + &self.intermediates;
        Ok(below)
    }

    /// A certificate for the DNS names `names`, the first of which is the common name too.
    ///
    /// # Errors
    /// When `names` is empty or `openssl` fails, with what it said.
    pub fn issue(&self, names: &[&str], validity: Validity) -> Result<Identity> {
        let first = names.first().context("a certificate needs a name")?;
        let folder = tempfile::Builder::new().prefix("leaf-").tempdir_in(&self.folder)?.keep();
        let (leaf, key, chain) = (folder.join("leaf.pem"), folder.join("key.pem"), folder.join("chain.pem"));
        let sans: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
        // A public authority signs with an intermediate, and says where that can be fetched; a company's does neither.
        let public = if self.intermediates.is_empty() { "" } else { ISSUER_ADDRESS };
        let section = format!("leaf_{}", fs::read_dir(&self.folder)?.count());
        let config = fs::read_to_string(self.config())?
            + &format!("[{section}]\n{LEAF_EXTENSIONS}{public}subjectAltName = {}\n", sans.join(","));
        fs::write(self.config(), config)?;
        self.sign(&key, &leaf, first, &section, validity)?;
        fs::write(&chain, fs::read_to_string(&leaf)? + &self.intermediates)?;
        Ok(Identity { chain, leaf, key })
    }

    /// The authority's own certificate, PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The authority's key, PEM, unencrypted: an inspecting proxy signs with it.
    pub fn key(&self) -> PathBuf {
        self.folder.join("authority.key")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("openssl.cnf")
    }

    fn folder(parent: &Path, common_name: &str, intermediates: String) -> Result<Self> {
        let folder = parent.join(common_name.to_lowercase().replace(' ', "-"));
        fs::create_dir_all(folder.join("issued"))?;
        fs::write(folder.join("index.txt"), "")?;
        let authority = Self { folder, intermediates };
        let here = authority.folder.display().to_string();
        fs::write(authority.config(), CONFIG.replace("{folder}", &here))?;
        Ok(authority)
    }

    /// Makes `key`, and has this authority sign it as `certificate`.
    fn sign(
        &self,
        key: &Path,
        certificate: &Path,
        common_name: &str,
        extensions: &str,
        validity: Validity,
    ) -> Result<()> {
        let request = key.with_extension("csr");
        succeed(
            openssl("req")
                .args(["-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
                .arg("-config")
                .arg(self.config())
                .args(["-subj", &format!("/O=Island Test/CN={common_name}"), "-keyout"])
                .arg(key)
                .arg("-out")
                .arg(&request),
        )?;
        let mut command = openssl("ca");
        command.args(["-batch", "-notext", "-extensions", extensions, "-config"]).arg(self.config());
        match validity {
            Validity::Now => command.args(["-days", "90", "-startdate", &yesterday()?]),
            Validity::Past => command.args(["-startdate", "20240101000000Z", "-enddate", "20240331000000Z"]),
            Validity::Future => {
                command.args(["-startdate", "20490101000000Z", "-enddate", "20490331000000Z"])
            }
        };
        if certificate == self.certificate() {
            command.arg("-selfsign");
        }
        succeed(command.arg("-in").arg(&request).arg("-out").arg(certificate))
    }
}

/// In the form of `openssl ca`: `20260131235959Z`.
fn yesterday() -> Result<String> {
    let date = output(Command::new("date").args(["-u", "-d", "yesterday", "+%Y%m%d%H%M%SZ"]))?;
    Ok(String::from_utf8(date.stdout)?.trim().to_owned())
}

fn openssl(subcommand: &str) -> Command {
    let mut command = Command::new("openssl");
    command.arg(subcommand);
    command
}

/// The whole of the configuration: nothing depends on the machine's own `openssl.cnf`.
const CONFIG: &str = "\
[req]
distinguished_name = name
[name]
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}/issued
certificate = {folder}/authority.pem
private_key = {folder}/authority.key
default_md = sha256
rand_serial = yes
unique_subject = no
policy = anything
[anything]
organizationName = optional
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

const LEAF_EXTENSIONS: &str = "\
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

const ISSUER_ADDRESS: &str = "authorityInfoAccess = caIssuers;URI:http://aia.island.test/issuing.crt\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_itself_verifies_what_was_issued_and_refuses_what_should_be_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let root = Authority::root(folder.path(), "Root")?;
        let below = root.intermediate("Below")?;
        let good = below.issue(&["github.com", "www.github.com"], Validity::Now)?;
        let past = root.issue(&["github.com"], Validity::Past)?;
        let future = root.issue(&["github.com"], Validity::Future)?;

        let verify = |leaf: &Path, extra: &[&Path]| {
            let mut command = openssl("verify");
            command.args(["-verify_hostname", "github.com", "-no-CApath", "-no-CAstore", "-CAfile"]);
            command.arg(root.certificate());
            for intermediate in extra {
                command.arg("-untrusted").arg(intermediate);
            }
            succeed(command.arg(leaf)).map_err(|error| error.to_string())
        };
        assert_eq!(verify(&good.leaf, &[&good.chain]), Ok(()));
        for (leaf, complaint) in [
            (&good.leaf, "unable to get local issuer certificate"),
            (&past.leaf, "certificate has expired"),
            (&future.leaf, "certificate is not yet valid"),
        ] {
            let error = verify(leaf, &[]).expect_err(complaint);
            assert!(error.contains(complaint), "{error}");
        }
        Ok(())
    }
}
