//! Squid: the proxy that most companies have.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result};

use crate::github::HOSTS;
use crate::island::{Island, PROXY};
use crate::netns::succeed;
use crate::server::{Ready, Server};

/// Starts squid with these lines of `squid.conf`, which must hold an `http_port` (or `https_port`) on [`PROXY`]`:port`
/// and the `http_access` rules. It knows GitHub's hosts from a hosts file.
///
/// # Errors
/// When squid is missing, refuses the configuration, or does not start.
pub fn start(island: &Island, port: u16, lines: &str) -> Result<Server> {
    let folder = island.folder().join("squid");
    writable(&folder)?;
    fs::write(folder.join("hosts"), HOSTS.map(|host| format!("{} {}\n", host.v4, host.name)).concat())?;
    let text = FRAME.replace("{folder}", &folder.display().to_string()) + lines;
    let file = folder.join("squid.conf");
    fs::write(&file, text)?;
    let mut command = island.world.command("squid");
    // `-N`: one process in the foreground; `-d 1`: what matters goes to standard error too.
    command.args(["-N", "-d", "1", "-f"]).arg(&file);
    let listens = format!("{PROXY}:{port}").parse()?;
    Server::start("squid", &mut command, &folder, Ready::Listens(listens))
}

/// The lines that ask for Basic credentials, and know `user` with `password`.
///
/// # Errors
/// When the password file cannot be written.
pub fn basic_authentication(island: &Island, user: &str, password: &str) -> Result<String> {
    let folder = island.folder().join("squid");
    writable(&folder)?;
    let file = folder.join("passwords");
    let mut openssl = std::process::Command::new("openssl");
    let hash = crate::netns::output(openssl.args(["passwd", "-apr1", password]))?;
    fs::write(&file, format!("{user}:{}", String::from_utf8_lossy(&hash.stdout)))?;
    Ok(format!(
        "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}\n\
         auth_param basic realm corp\nacl known proxy_auth REQUIRED\nhttp_access allow known\n",
        file.display()
    ))
}

/// The lines that open every tunnel and sign what is inside with `certificate` and `key`.
///
/// # Errors
/// When squid's certificate store cannot be made.
pub fn inspection(island: &Island, certificate: &Path, key: &Path) -> Result<String> {
    let folder = island.folder().join("squid");
    writable(&folder)?;
    let signer = folder.join("signer.pem");
    fs::write(&signer, fs::read_to_string(certificate)? + &fs::read_to_string(key)?)?;
    let store = folder.join("certificates");
    succeed(std::process::Command::new(CERTGEN).args(["-c", "-s"]).arg(&store).args(["-M", "4MB"]))?;
    let (store, signer) = (store.display(), signer.display());
    let trusted = island.root.certificate();
    succeed(std::process::Command::new("chown").args(["-R", USER]).arg(&folder))?;
    Ok(format!(
        "http_port {PROXY}:3128 ssl-bump tls-cert={signer} generate-host-certificates=on\n\
         sslcrtd_program {CERTGEN} -s {store} -M 4MB\nsslcrtd_children 1\n\
         tls_outgoing_options cafile={}\nssl_bump bump all\nhttp_access allow all\n",
        trusted.display()
    ))
}

/// Makes `folder` one that squid may write to after it gave up root.
fn writable(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let accounts = fs::read_to_string("/etc/passwd")?;
    let account = accounts.lines().find_map(|line| line.strip_prefix(USER)?.strip_prefix(':'));
    let account = account.context("no account for squid: apt-get install squid-openssl")?;
    let id = |field: usize| account.split(':').nth(field).and_then(|id| id.parse().ok());
    chown(folder, id(1), id(2)).context("giving squid its folder")
}

/// The account that Debian's squid runs as.
const USER: &str = "proxy";

const CERTGEN: &str = "/usr/lib/squid/security_file_certgen";

const FRAME: &str = "\
cache_effective_user proxy
pid_filename none
cache deny all
cache_mem 1 MB
max_filedescriptors 4096
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir {folder}
hosts_file {folder}/hosts
dns_nameservers 192.0.2.53
shutdown_lifetime 0 seconds
visible_hostname proxy.corp.example
connect_timeout 3 seconds
";
