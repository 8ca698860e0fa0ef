//! nginx: origins, walled gardens, block pages, and things that are no proxy.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::github::{Host, META};
use crate::island::Island;
use crate::server::{Ready, Server};

/// Starts one nginx in the world with these `server` blocks. Its access log is [`ACCESS_LOG`] in the island's folder.
///
/// # Errors
/// When nginx is missing, refuses the configuration, or does not start.
pub fn start(island: &Island, sites: &str) -> Result<Server> {
    let folder = island.folder().join("nginx");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("meta.json"), META)?;
    let file = folder.join("nginx.conf");
    let here = folder.display().to_string();
    fs::write(
        &file,
        FRAME.replace("{folder}", &here) + &sites.replace("alias ", &format!("alias {here}/")) + "}\n",
    )?;
    let mut command = island.world.command("nginx");
    command.args(["-e", "stderr", "-p"]).arg(&folder).arg("-c").arg(&file);
    // Said when every socket listens.
    Server::start("nginx", &mut command, &folder, Ready::Logs("event method"))
}

/// A site for `host` on 443 with this certificate chain and key; `body` is the rest of its `server` block.
pub fn tls_site(host: Host, chain: &Path, key: &Path, body: &str) -> String {
    let Host { name, v4, v6 } = host;
    let (chain, key) = (chain.display(), key.display());
    format!(
        "server {{ listen {v4}:443 ssl; listen [{v6}]:443 ssl; server_name {name};\n    \
         ssl_certificate {chain}; ssl_certificate_key {key};\n{body}}}\n"
    )
}

/// A site for `host` without TLS on `port`; `body` is the rest of its `server` block.
pub fn plain_site(host: Host, port: u16, body: &str) -> String {
    let Host { name, v4, v6 } = host;
    format!("server {{ listen {v4}:{port}; listen [{v6}]:{port}; server_name {name};\n{body}}}\n")
}

/// The log of requests, a line each, in the island's folder: address, port, connection, host, request, status.
pub const ACCESS_LOG: &str = "nginx/access.log";

const FRAME: &str = "\
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr notice;
events { worker_connections 4096; }
http {
    log_format request '$remote_addr $remote_port $connection $host $server_port \"$request\" $status';
    access_log {folder}/access.log request;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:1m; keepalive_timeout 30s;
";
